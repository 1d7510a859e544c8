import { problemError } from '@keelson/core/problems';

/** Wraps DER as PEM. */
export function pemOf(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The blocks of a PEM text with one of the labels, as DER; text around them is allowed, as openssl writes it. */
export function derOfPem(text: string, labels: readonly string[], limits: { chars: number; blocks: number }): Buffer[] {
  if (text.length > limits.chars)
    throw problemError('too-large', `the PEM text is longer than ${limits.chars} characters`);
  const found: Buffer[] = [];
  for (let at = 0; ; ) {
    const begin = text.indexOf('-----BEGIN ', at);
    if (begin < 0) break;
    const labelEnd = text.indexOf('-----', begin + 11);
    const label = labelEnd < 0 ? '' : text.slice(begin + 11, labelEnd);
    const footer = `-----END ${label}-----`;
    const end = labelEnd < 0 ? -1 : text.indexOf(footer, labelEnd);
    if (end < 0) throw problemError('malformed', 'a PEM block does not end');
    at = end + footer.length;
    if (!labels.includes(label)) continue;
    if (found.length >= limits.blocks)
      throw problemError('too-large', `there are more than ${limits.blocks} PEM blocks`);
    const content = text.slice(labelEnd + 5, end).replace(/\s/g, '');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(content)) throw problemError('malformed', 'a PEM block is not base64');
    found.push(Buffer.from(content, 'base64'));
  }
  return found;
}
