const marks = Array.from({ length: 255 }, (_, length) => String.fromCharCode(length));

/** One text for a list of texts, and for no other list: each stands behind its length. */
export function joinedKey(texts: readonly string[]): string {
  const parts = new Array<string>(texts.length * 2);
  let at = 0;
  for (const text of texts) {
    parts[at++] = marks[text.length] ?? `\u00ff${text.length}:`;
    parts[at++] = text;
  }
  return parts.join('');
}
