import type { Value } from './value';
import { WireStringMap } from './wire-string-map';
import type { Words } from './words';

/**
 * A cell says in one number where a value stands that is not decoded yet; 0 is no value. Texts: the index of the word
 * (zig-zag) * 4 + 1. Bytes and string maps: the position of their length * 4 + 2 or + 3.
 */
export const noCell = 0;

const kinds = { TEXT: 1, BYTES: 2, STRING_MAP: 3 } as const;

export function textCell(index: number): number {
  return (((index << 1) ^ (index >> 31)) << 2) | kinds.TEXT;
}

export function bytesCell(position: number): number {
  return (position << 2) | kinds.BYTES;
}

export function stringMapCell(position: number): number {
  return (position << 2) | kinds.STRING_MAP;
}

export function isTextCell(cell: number): boolean {
  return (cell & 3) === kinds.TEXT;
}

/** The value that a cell speaks of. */
export function readCell(cell: number, bytes: Buffer, words: Words): Value {
  const rest = cell >>> 2;
  if (isTextCell(cell)) return words.text((rest >>> 1) ^ -(rest & 1));
  let from = rest;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[from++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  const to = from + length;
  if ((cell & 3) === kinds.STRING_MAP) return new WireStringMap(bytes, from, to, words);
  // A copy, so that an address that somebody keeps does not keep a whole request.
  return Uint8Array.prototype.slice.call(bytes, from, to);
}
