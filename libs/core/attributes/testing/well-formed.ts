/** The fields of a message that are messages themselves. */
interface Shape {
  readonly [field: number]: Shape;
}

const leaves: Shape = {};
const entry: Shape = leaves;
const entryOf = (value: Shape): Shape => ({ 2: value });
const compressedAttributes: Shape = {
  2: entry,
  3: entry,
  4: entry,
  5: entry,
  6: entryOf(leaves),
  7: entryOf(leaves),
  8: entry,
  9: entryOf({ 1: entry }),
};

/**
 * Whether each message inside a `CompressedAttributes` ends where its length says: the generated codec reads the last field
 * of one beyond its end, into what follows.
 */
export function isWellFormed(bytes: Uint8Array): boolean {
  return fits(bytes, compressedAttributes);
}

function fits(bytes: Uint8Array, shape: Shape): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return Infinity;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    switch (tag % 8) {
      case 0:
        if (varint() === Infinity) return false;
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        const inner = shape[Math.floor(tag / 8)];
        if (length > bytes.length - at) return false;
        if (inner && !fits(bytes.subarray(at, at + length), inner)) return false;
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
  return at === bytes.length;
}
