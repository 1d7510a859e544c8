// Writing the few messages of the discovery service by hand, so that what was encoded once is only copied.

/** The number of bytes that a varint takes. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    target[offset++] = rest % 128 | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[offset++] = rest;
  return offset;
}

/** The size of a length-delimited field whose number is under 16. */
function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

function writeHeader(target: Uint8Array, offset: number, field: number, length: number): number {
  target[offset] = (field << 3) | 2;
  return writeVarint(target, offset + 1, length);
}

/** One length-delimited field that holds a string. */
export function stringField(field: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const buffer = Buffer.allocUnsafe(fieldSize(length));
  buffer.write(text, writeHeader(buffer, 0, field, length));
  return buffer;
}

/** A resource as it stands in a response: the whole for delta, its tail for the state of the world. */
export interface EncodedResource {
  delta: Buffer;
  /** The last part of `delta`: both messages hold the Any as field 2 within a field 2. */
  sotw: Buffer;
  /** The body, as a part of the above. */
  body: Buffer;
}

/** Encodes field `resources` of either response: `Resource { version, name, resource: Any }`, the Any last. */
export function encodeResource(typeUrl: string, name: string, version: string, body: Uint8Array): EncodedResource {
  const typeLength = Buffer.byteLength(typeUrl);
  const nameLength = Buffer.byteLength(name);
  const anyLength = fieldSize(typeLength) + fieldSize(body.length);
  const length = fieldSize(version.length) + fieldSize(nameLength) + fieldSize(anyLength);
  const buffer = Buffer.allocUnsafeSlow(fieldSize(length));
  let at = writeHeader(buffer, 0, 2, length);
  at = writeHeader(buffer, at, 1, version.length);
  at += buffer.write(version, at, 'latin1');
  at = writeHeader(buffer, at, 3, nameLength);
  at += buffer.write(name, at);
  const any = at;
  at = writeHeader(buffer, at, 2, anyLength);
  at = writeHeader(buffer, at, 1, typeLength);
  at += buffer.write(typeUrl, at);
  at = writeHeader(buffer, at, 2, body.length);
  buffer.set(body, at);
  return { delta: buffer, sotw: buffer.subarray(any), body: buffer.subarray(at) };
}

/** What stands before the resources in a response of either kind: version, type and nonce. */
export function responseHead(typeUrl: string, version: string, nonce: string): Buffer {
  return Buffer.concat([stringField(1, version), stringField(4, typeUrl), stringField(5, nonce)]);
}

/** Field `removed_resources` of a delta response. */
export function removedNames(names: readonly string[]): Buffer {
  return Buffer.concat(names.map((name) => stringField(6, name)));
}

/** Whether a RouteConfiguration leaves virtual hosts to be discovered (field 9, `vhds`). */
export function leavesHosts(routeConfiguration: Uint8Array): boolean {
  const bytes = routeConfiguration;
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (Math.floor(tag / 8) === 9) return true;
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return false;
    }
  }
  return false;
}
