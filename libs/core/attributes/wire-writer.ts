import { wireTypes } from './proto-cursor';
import type { Int64 } from './value';

/** Writes protobuf's wire format into one growing buffer. */
export class WireWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** The bytes so far, which the next writing may change. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  sint32(field: number, value: number): void {
    this.#tag(field, wireTypes.VARINT);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  uint32(field: number, value: number): void {
    this.#tag(field, wireTypes.VARINT);
    this.#varint(value >>> 0);
  }

  int64(field: number, value: Int64): void {
    this.#tag(field, wireTypes.VARINT);
    if (typeof value === 'number' && value >= 0) {
      this.#varint(value);
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#buffer[this.#at++] = Number(rest);
  }

  double(field: number, value: number): void {
    this.#tag(field, wireTypes.FIXED64);
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  bool(field: number, value: boolean): void {
    this.uint32(field, value ? 1 : 0);
  }

  blob(field: number, value: Uint8Array): void {
    this.#tag(field, wireTypes.LENGTH);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  text(field: number, value: string): void {
    const mark = this.open(field);
    this.#reserve(value.length * 3);
    this.#at += this.#buffer.write(value, this.#at, 'utf8');
    this.close(mark);
  }

  /** Starts a message within this one; `close` it with what is returned. */
  open(field: number): number {
    this.#tag(field, wireTypes.LENGTH);
    this.#reserve(1);
    return this.#at++;
  }

  close(mark: number): void {
    // Before the place goes back: growing keeps only what is before it.
    this.#reserve(8);
    const start = mark + 1;
    const length = this.#at - start;
    // One byte was left for the length.
    let size = 1;
    for (let rest = length; rest >= 0x80; rest >>>= 7) size++;
    if (size > 1) this.#buffer.copyWithin(mark + size, start, this.#at);
    this.#at = mark;
    this.#varint(length);
    this.#at += length;
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = rest % 0x80 | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at++] = rest;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
