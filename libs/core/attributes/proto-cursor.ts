import { problemError, type ProblemError } from '@keelson/core/problems';
import { int64, type Int64 } from './value';

/** The largest message that is read: positions in it must fit a small integer of the engine with two bits to spare. */
const maxBytes = 1 << 28;

/** Wire types of protobuf's encoding (https://protobuf.dev/programming-guides/encoding/). */
export const wireTypes = { VARINT: 0, FIXED64: 1, LENGTH: 2, FIXED32: 5 } as const;

/** A foreign message as a Buffer over the same bytes. Throws a ProblemError for one of more than 256 MiB. */
export function messageBytes(bytes: Uint8Array, message: string): Buffer {
  if (bytes.length > maxBytes) {
    throw problemError('too-large', `${bytes.length} bytes, at most ${maxBytes} are read`, { object: message });
  }
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Walks over a stretch of protobuf bytes that a stranger sent. It never reads past `end`, and moves forward with every
 * call, so a walk ends after as many steps as there are bytes. What is not protobuf is thrown as a ProblemError
 * `malformed` that names the message, the field and the byte.
 */
export class ProtoCursor {
  /** The field of the message whose bytes these are, where they are not those of the whole message. */
  part: string | undefined;
  /** The part of the message and the field in it that are being read, for errors: `attributes[3]` and `strings`. */
  path: string | undefined;
  field: string | undefined;
  // The parts of the last long varint: bits 0-27, 28-55 and 56-63.
  #low = 0;
  #mid = 0;
  #high = 0;

  constructor(
    readonly bytes: Buffer,
    public at: number,
    public end: number,
    readonly message: string,
  ) {}

  /** What is being read, or what else has this name in the same part of the message. */
  place(name = this.field): string | undefined {
    const place = [this.part, this.path, name].filter((part) => part !== undefined).join('.');
    return place === '' ? undefined : place;
  }

  fail(reason: string): ProblemError {
    const where = this.part === undefined ? '' : ` of ${this.part}`;
    return problemError('malformed', `${reason} at byte ${this.at}${where}`, {
      object: this.message,
      field: this.place(),
    });
  }

  /** The tag of the next field: its number * 8 + its wire type. */
  tag(): number {
    const tag = this.#whole();
    if (tag < 8 || tag > 0xffffffff) throw this.fail(`${tag} is no tag of a field`);
    return tag;
  }

  /** A varint as a signed number of 32 bits; higher bits are dropped, as protobuf does. */
  int32(): number {
    const byte = this.at < this.end ? (this.bytes[this.at] ?? 0) : 0x80;
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    this.#readLong();
    return this.#low | (this.#mid << 28);
  }

  /** A zig-zag varint of 32 bits. */
  sint32(): number {
    const coded = this.int32();
    return (coded >>> 1) ^ -(coded & 1);
  }

  bool(): boolean {
    return this.#whole() !== 0;
  }

  /** A varint as a signed number of 64 bits. */
  int64(): Int64 {
    const byte = this.at < this.end ? (this.bytes[this.at] ?? 0) : 0x80;
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    this.#readLong();
    if (this.#high === 0 && this.#mid < 1 << 25) return this.#mid * 0x10000000 + this.#low;
    return int64((BigInt(this.#high) << 56n) | (BigInt(this.#mid) << 28n) | BigInt(this.#low));
  }

  double(): number {
    if (this.end - this.at < 8) throw this.fail('8 bytes are announced, fewer are there,');
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** The length of what follows, which lies before `end` as a whole. */
  length(): number {
    const length = this.#whole();
    if (length > this.end - this.at) {
      throw this.fail(`${length} bytes are announced, ${this.end - this.at} are there,`);
    }
    return length;
  }

  /** Goes into the message, or the bytes, that stand here with their length: `end` is theirs then. Gives the outer one's. */
  enter(): number {
    const length = this.length();
    const { end } = this;
    this.end = this.at + length;
    return end;
  }

  text(): string {
    const length = this.length();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.VARINT:
        this.#whole();
        return;
      case wireTypes.FIXED64:
        this.#skipBytes(8);
        return;
      case wireTypes.LENGTH:
        this.#skipBytes(this.length());
        return;
      case wireTypes.FIXED32:
        this.#skipBytes(4);
        return;
      default:
        throw this.fail(`wire type ${wireType} is not read,`);
    }
  }

  /** Starts to read a known field, by its name; see `expect`. */
  begin(name: string, tag: number, wireType: number): void {
    this.field = name;
    this.expect(tag, wireType);
  }

  /** Throws unless a known field has the wire type that its number stands for. */
  expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) throw this.fail(`field ${tag >>> 3} has wire type ${tag & 7} instead of ${wireType}`);
  }

  #skipBytes(count: number): void {
    if (count > this.end - this.at) throw this.fail(`${count} bytes are announced, fewer are there,`);
    this.at += count;
  }

  /** A varint as a number; not exact from 2^53 on. */
  #whole(): number {
    const byte = this.at < this.end ? (this.bytes[this.at] ?? 0) : 0x80;
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    this.#readLong();
    return this.#high * 0x100000000000000 + this.#mid * 0x10000000 + this.#low;
  }

  #readLong(): void {
    const { bytes, end } = this;
    let { at } = this;
    let low = 0;
    let mid = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw this.fail('a varint is cut off');
      const byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift < 56) mid |= bits << (shift - 28);
      else high |= bits << (shift - 56);
      if (byte < 0x80) break;
      if (shift === 63) throw this.fail('a varint has more than 10 bytes');
    }
    this.#low = low;
    this.#mid = mid;
    this.#high = high & 0xff;
    this.at = at;
  }
}
