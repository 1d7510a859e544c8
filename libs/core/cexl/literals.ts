import { int64, type Int64, type Value, type ValueType } from '@keelson/core/attributes';
import { parseDuration } from './go-duration';
import type { Token } from './scanner';

/** The type and the value of a literal, or what is wrong with it and where in it. */
export type LiteralValue =
  | { readonly type: ValueType; readonly value: Value }
  | { readonly problem: string; readonly at: number };

/** What a literal stands for, as Mixer takes the tokens of Go. */
export function literalValue({ kind, text }: Token): LiteralValue {
  if (kind === 'int') {
    const value = parseInt64(text);
    if (/^0[0-9]*[89]/.test(text)) return { problem: `invalid digit in octal literal ${text}`, at: 0 };
    if (value !== undefined) return { type: 'INT64', value };
    return {
      problem: `strconv.ParseInt: parsing "${text}": ${/^[0-9]+$/.test(text) ? 'value out of range' : 'invalid syntax'}`,
      at: 0,
    };
  }
  if (kind === 'float') {
    const value = parseFloat64(text);
    if (value !== undefined && Number.isFinite(value)) return { type: 'DOUBLE', value };
    return {
      problem: `strconv.ParseFloat: parsing "${text}": ${value === undefined ? 'invalid syntax' : 'value out of range'}`,
      at: 0,
    };
  }
  if (kind === 'imaginary') return { problem: 'invalid syntax', at: 0 };
  const value = unquote(text);
  if (typeof value !== 'string') return value;
  const duration = parseDuration(value);
  return duration === undefined ? { type: 'STRING', value } : { type: 'DURATION', value: duration };
}

/** Base 10 only: `010` is 10, although it has to be well-formed as one of Go's octal literals. */
function parseInt64(text: string): Int64 | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < 2n ** 63n ? int64(value) : undefined;
}

function parseFloat64(text: string): number | undefined {
  if (/(^|[^0-9a-fA-FxX])_|_($|[^0-9a-fA-F])/.test(text)) return undefined;
  const digits = text.replaceAll('_', '');
  const hex = /^0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?[0-9]+)$/.exec(digits);
  if (hex === null)
    return /^(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(digits) ? Number(digits) : undefined;
  const [, whole = '', fraction = '', exponent = ''] = hex;
  if (whole + fraction === '') return undefined;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  return mantissa === 0 ? 0 : mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** The text of a string or rune literal of Go; bytes that are no UTF-8 become U+FFFD. */
function unquote(literal: string): string | { problem: string; at: number } {
  const quote = literal.charAt(0);
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner;
  const text = inner.includes('\\') ? unescape(inner, quote) : inner;
  if (typeof text !== 'string') return { problem: text.problem, at: text.at + 1 };
  if (quote === "'" && !/^[^]$/u.test(text)) return { problem: 'illegal rune literal', at: 0 };
  return text;
}

function unescape(inner: string, quote: string): string | { problem: string; at: number } {
  const parts: Buffer[] = [];
  const escape = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;
  let from = 0;
  for (const match of inner.matchAll(escape)) {
    const [whole, hex, octal, short, long, simple] = match;
    const at = match.index;
    parts.push(Buffer.from(inner.slice(from, at)));
    from = at + whole.length;
    if (hex !== undefined || octal !== undefined) {
      const byte = hex === undefined ? parseInt(octal ?? '', 8) : parseInt(hex, 16);
      if (byte > 255) return { problem: 'escape sequence is invalid Unicode code point', at };
      parts.push(Buffer.of(byte));
    } else if (short !== undefined || long !== undefined) {
      const code = parseInt(short ?? long ?? '', 16);
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return { problem: 'escape sequence is invalid Unicode code point', at };
      parts.push(Buffer.from(String.fromCodePoint(code)));
    } else {
      const char = simple === quote ? quote : simpleEscapes[simple ?? ''];
      if (char === undefined)
        return {
          problem: /[xuU0-7]/.test(simple ?? '') ? 'illegal character in escape sequence' : 'unknown escape sequence',
          at,
        };
      parts.push(Buffer.from(char));
    }
  }
  parts.push(Buffer.from(inner.slice(from)));
  return Buffer.concat(parts).toString();
}
