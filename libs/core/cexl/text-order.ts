/** Whether a text comes before another in the order of their UTF-8 bytes, as Go compares strings. */
export function isLess(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) < rank(y);
  }
  return a.length < b.length;
}

/** UTF-16 has what lies beyond its first plane before U+E000, bytes have it last. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Every letter as Go's `strings.ToLower` has it: by itself, whatever stands beside it. */
export function toLower(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  let lower = '';
  // One letter has two in JavaScript's lower case.
  for (const char of text) lower += char === '\u0130' ? 'i' : char.toLowerCase();
  return lower;
}
