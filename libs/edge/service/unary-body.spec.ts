import { status } from '@grpc/grpc-js';
import { framed } from './testing/raw-call';
import { UnaryBody } from './unary-body';

const read = (...chunks: Uint8Array[]): { message: string | undefined; code: status | undefined } => {
  const body = new UnaryBody(10);
  for (const chunk of chunks) body.push(Buffer.from(chunk));
  const message = body.end()?.toString();
  return { message, code: body.fault?.code };
};
const refused = (code: status): unknown => ({ message: undefined, code });

describe('the body of a unary request', () => {
  it('is one message, also an empty one', () => {
    expect(read(framed('hello'))).toEqual({ message: 'hello', code: undefined });
    expect(read(framed('0123456789'))).toEqual({ message: '0123456789', code: undefined });
    expect(read(framed(''))).toEqual({ message: '', code: undefined });
    expect(read(Buffer.alloc(0), framed('a'), Buffer.alloc(0))).toEqual({ message: 'a', code: undefined });
  });

  it('is not none, not two, and not a part of one', () => {
    expect(read()).toEqual(refused(status.UNIMPLEMENTED));
    expect(read(framed('a'), framed('b'))).toEqual(refused(status.UNIMPLEMENTED));
    expect(read(framed('a'), Buffer.of(0))).toEqual(refused(status.UNIMPLEMENTED));
    expect(read(framed('hello').subarray(0, 9))).toEqual(refused(status.INTERNAL));
    expect(read(framed('hello').subarray(0, 3))).toEqual(refused(status.INTERNAL));
  });

  it('is no larger than is taken in, which its first five bytes tell', () => {
    const body = new UnaryBody(10);
    body.push(framed('01234567890').subarray(0, 4));
    expect(body.fault).toBeUndefined();
    body.push(framed('01234567890').subarray(4, 5));
    expect(body.fault).toEqual({
      code: status.RESOURCE_EXHAUSTED,
      details: 'the request has 11 bytes; 10 are taken in',
    });
    body.push(Buffer.alloc(10_000));
    expect(body.end()).toBeUndefined();
  });

  it('is not compressed', () => {
    for (const flag of [1, 2, 255]) expect(read(framed('a', flag))).toEqual(refused(status.INTERNAL));
  });

  it('keeps nothing of what was given up', () => {
    const body = new UnaryBody(10);
    const fault = { code: status.DEADLINE_EXCEEDED, details: 'too late' };
    body.push(framed('hello').subarray(0, 8));
    body.fail(fault);
    body.push(framed('hello').subarray(8));
    expect(body.end()).toBeUndefined();
    expect(body.fault).toBe(fault);
  });

  it('does not keep the buffers that small pieces came in', () => {
    const body = new UnaryBody(10);
    const later = Buffer.from('lo');
    body.push(framed('hello').subarray(0, 8));
    body.push(later);
    later.fill('x');
    expect(body.end()?.toString()).toBe('hello');
  });

  it('reserves nothing for what is only announced', () => {
    const body = new UnaryBody(0x4000_0000);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(0x4000_0000, 1);
    const before = process.memoryUsage().arrayBuffers;
    body.push(prefix);
    body.push(Buffer.of(1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});
