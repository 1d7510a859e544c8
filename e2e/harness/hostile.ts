import { randomBytes } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { framed, rawCall } from '@keelson/edge/service/testing';
import type { Listener } from './listener';

interface Operator {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

const patienceMs = 2_000;

/** A message in a message in a message, all of field 1. */
function nested(depth: number): Buffer {
  let body = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) {
    const length: number[] = [];
    for (let rest = body.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    body = Buffer.concat([Buffer.from([0x0a, ...length]), body]);
  }
  return body;
}

/** What no client of ours would send, as gRPC messages. */
export const hostileMessages: readonly { name: string; bytes: Buffer }[] = [
  { name: 'nothing', bytes: Buffer.alloc(0) },
  { name: 'half a header', bytes: Buffer.from([0, 0]) },
  { name: 'a message cut short', bytes: framed(randomBytes(10), 0, 100) },
  { name: 'a length of 4 GiB', bytes: framed(randomBytes(10), 0, 0xff_ff_ff_ff) },
  { name: 'random bytes', bytes: framed(randomBytes(5_000)) },
  { name: 'a compressed message that is none', bytes: framed(randomBytes(100), 1) },
  { name: 'messages nested 5,000 deep', bytes: framed(nested(5_000)) },
  { name: 'a field that ends beyond its message', bytes: framed(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x0f, 1])) },
  { name: '8 MiB of zeros', bytes: framed(Buffer.alloc(8 << 20)) },
];

/** Calls a gRPC method with bytes as they are, and waits until the server ends the call, or for a while. */
export async function sendGrpc(listener: Listener, operator: Operator, path: string, bytes: Buffer): Promise<void> {
  const session = connectHttp2(`https://${listener.address}`, { ...operator, checkServerIdentity: () => undefined });
  session.on('error', () => undefined);
  try {
    await rawCall(session, path, { pieces: [bytes], patienceMs });
  } catch {
    // A server may reset what it need not understand.
  } finally {
    session.destroy();
  }
}

/** Writes bytes to a port, in plaintext or after a TLS handshake as the operator, and waits until it is closed, or a while. */
export function sendBytes(listener: Listener, operator: Operator | undefined, bytes: Buffer): Promise<void> {
  const [host, port] = listener.address.split(':');
  const target = { host, port: Number(port) };
  return new Promise((resolve) => {
    const socket =
      operator === undefined
        ? connect(target)
        : connectTls({ ...target, ...operator, checkServerIdentity: () => undefined });
    const late = setTimeout(() => socket.destroy(), patienceMs / 4);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      resolve();
    });
    socket.resume();
    socket.write(bytes);
  });
}

/** What is neither HTTP nor TLS, or nearly so. */
export const hostileBytes: readonly Buffer[] = [
  randomBytes(2_000),
  Buffer.from('GET / HTTP/1.1\r\n'),
  Buffer.from(`GET /${'a'.repeat(200_000)} HTTP/1.1\r\nhost: x\r\n\r\n`),
  Buffer.from('POST /v1/apply HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{'),
  Buffer.from('POST /v1/apply HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n'),
  Buffer.from('GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n'),
  Buffer.from('GET /%00%ff%zz HTTP/1.1\r\nhost: x\r\n\r\n'),
  Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), randomBytes(500)]),
  Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff, 0x01, 0x00, 0x00]),
];
