/** Numbers below 2^32 from a seed (xorshift), cheaper by far than generated ones. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Messages as they arrive from somebody whose encoder is broken: bytes changed, put in, taken out, doubled, cut off. */
export function* mutations(message: Uint8Array, seed: number, count: number): Generator<Buffer> {
  const random = numbers(seed);
  // Tags and lengths are small, and so is what breaks most.
  const byte = (): number => random(random(2) === 0 ? 0x50 : 0x100);
  for (let i = 0; i < count; i++) {
    let bytes = Buffer.from(message);
    for (let changes = 1 + random(3); changes > 0; changes--) {
      const at = random(bytes.length + 1);
      const to = Math.min(bytes.length, at + random(8));
      const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
      switch (random(8)) {
        case 0:
          bytes = Buffer.concat([before, Buffer.of(byte()), part, after]);
          break;
        case 1:
          bytes = Buffer.concat([before, after]);
          break;
        case 2:
          bytes = Buffer.concat([before, part, part, after]);
          break;
        case 3:
          bytes = before;
          break;
        default:
          if (at < bytes.length) bytes[at] = byte();
      }
    }
    yield bytes;
  }
}

/** Bytes that look somewhat like messages: tags, lengths that fit, and anything. */
export function* scraps(seed: number, count: number): Generator<Buffer> {
  const random = numbers(seed);
  const tags = [0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42, 0x4a, 0x08, 0x10, 0x7a];
  for (let i = 0; i < count; i++) {
    const bytes: number[] = [];
    for (let parts = random(12); parts > 0; parts--) {
      const length = random(12);
      bytes.push(tags[random(tags.length)] ?? 0, length);
      for (let rest = length; rest > 0; rest--) bytes.push(random(3) === 0 ? random(0x100) : (tags[random(12)] ?? 0));
    }
    yield Buffer.from(bytes);
  }
}
