import type { Value, ValueType } from '@keelson/core/attributes';

/**
 * How values of a type are observed, as Mixer's adapter does: numbers as they are, durations in seconds, texts as the
 * number that they spell (undefined for any other). Undefined for types that are no numbers.
 */
export function numberOf(type: ValueType): ((value: Value) => number | undefined) | undefined {
  switch (type) {
    case 'INT64':
    case 'DOUBLE':
      return (value) => Number(value);
    case 'DURATION':
      return (value) => Number(value) / 1e9;
    case 'STRING':
    case 'EMAIL_ADDRESS':
    case 'URI':
    case 'DNS_NAME':
      return (value) => numberOfText(value as string);
    default:
      return undefined;
  }
}

/** More than any number needs that is written out: the largest have 309 digits. */
const maxTextLength = 400;

function numberOfText(text: string): number | undefined {
  if (text.length > maxTextLength) return undefined;
  // No two repetitions meet that could share digits: it takes as long as the text is, not its square.
  if (/^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(text)) return Number(text);
  const [, sign, word = ''] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (word === '') return undefined;
  if (word.toLowerCase() === 'nan') return NaN;
  return sign === '-' ? -Infinity : Infinity;
}
