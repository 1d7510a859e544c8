import fc from 'fast-check';
import { framed } from './testing/raw-call';
import { UnaryBody } from './unary-body';

const maxBytes = 300;
const wire = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.uint8Array({ maxLength: 320 }).map((message) => framed(message)),
  fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 8 }))
    .map(([message, rest]) => Buffer.concat([framed(message), rest])),
  fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(45)).map(([message, end]) => framed(message).subarray(0, end)),
);

const read = (pieces: readonly Uint8Array[]): unknown => {
  const body = new UnaryBody(maxBytes);
  for (const piece of pieces) body.push(Buffer.from(piece));
  const message = body.end();
  return { message: message && Buffer.from(message), fault: body.fault };
};

const cut = (bytes: Uint8Array, at: readonly number[]): Uint8Array[] => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

describe('the body of a unary request', () => {
  it('means the same however it is cut', () => {
    fc.assert(
      fc.property(wire, fc.array(fc.nat(400), { maxLength: 12 }), (bytes, at) => {
        expect(read(cut(bytes, at))).toEqual(read([bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  it('means the same byte by byte', () => {
    fc.assert(
      fc.property(wire, (bytes) => {
        expect(read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(read([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it('is the message or a fault, never both, never neither', () => {
    fc.assert(
      fc.property(wire, (bytes) => {
        const body = new UnaryBody(maxBytes);
        body.push(Buffer.from(bytes));
        const message = body.end();
        expect(message === undefined).toBe(body.fault !== undefined);
        if (message !== undefined) expect(framed(message)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});
