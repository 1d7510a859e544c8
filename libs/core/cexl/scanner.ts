import { CexlError } from './cexl-error';

/**
 * What a token is: a class of words or numbers, an operator or keyword under its own text, the end of a line that ends
 * an expression, or the end of the text.
 */
export type TokenKind =
  | 'identifier'
  | 'int'
  | 'float'
  | 'imaginary'
  | 'char'
  | 'string'
  | 'keyword'
  | 'operator'
  | 'newline'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

const keywords = new Set(
  (
    'break case chan const continue default defer else fallthrough for func go goto if import interface map package ' +
    'range return select struct switch type var'
  ).split(' '),
);
const operators = new Set(
  (
    '<<= >>= &^= ... && || <- ++ -- == != <= >= := += -= *= /= %= &= |= ^= << >> &^ ' +
    '+ - * / % & | ^ < > = ! ( ) [ ] { } , ; . :'
  ).split(' '),
);
/** So much of an expression a message shows. */
const maxShown = 256;
const letter = /[\p{L}_]/u;
const wordPart = /[\p{L}\p{Nd}_]*/uy;
/** Go's numbers. What they are worth is decided by `literals.ts`. */
const number =
  /0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[bBoO][0-9_]*|(?:[0-9][0-9_]*\.?|\.[0-9])[0-9_]*(?:[eE][+-]?[0-9_]*)?/y;

/** Splits an expression into the tokens of Go (https://go.dev/ref/spec#Lexical_elements). */
export class Scanner {
  readonly #text: string;
  #at = 0;
  /** Whether the next end of a line ends the expression. */
  #complete = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; the end, again and again, when there is none. */
  next(): Token {
    const lineEnd = this.#skip();
    if (lineEnd !== undefined) {
      this.#complete = false;
      return { kind: 'newline', text: '\n', offset: lineEnd };
    }
    const token = this.#token();
    this.#complete =
      token.kind === 'operator'
        ? [')', ']', '}', '++', '--'].includes(token.text)
        : token.kind !== 'keyword' || ['break', 'continue', 'fallthrough', 'return'].includes(token.text);
    return token;
  }

  error(message: string, offset: number): CexlError {
    const before = this.#text.slice(0, offset).split('\n');
    const column = (before.at(-1) ?? '').length + 1;
    const text = this.#text.length > maxShown ? `${this.#text.slice(0, maxShown)}…` : this.#text;
    const problem = `unable to parse expression '${text}': ${before.length}:${column}: ${message}`;
    return new CexlError('syntax', problem, offset);
  }

  /** Goes over spaces and comments; gives the place of a line's end that counts. */
  #skip(): number | undefined {
    const text = this.#text;
    for (;;) {
      const char = text[this.#at];
      if (char === '\n' && this.#complete) return this.#at++;
      if (char === ' ' || char === '\t' || char === '\r' || char === '\n') this.#at++;
      else if (text.startsWith('//', this.#at)) {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end;
      } else if (text.startsWith('/*', this.#at)) {
        const from = this.#at;
        const end = text.indexOf('*/', from + 2);
        if (end < 0) throw this.error('comment not terminated', from);
        this.#at = end + 2;
        if (this.#complete && text.slice(from, end).includes('\n')) return from;
      } else return undefined;
    }
  }

  #token(): Token {
    const text = this.#text;
    const offset = this.#at;
    const first = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    if (offset >= text.length) return { kind: 'end', text: '', offset };
    if (letter.test(first)) {
      const word = this.#take(wordPart);
      return { kind: keywords.has(word) ? 'keyword' : 'identifier', text: word, offset };
    }
    if (/^\.?[0-9]/.test(text.slice(offset, offset + 2))) return this.#number();
    if (first === '"' || first === "'") return this.#quoted(first);
    if (first === '`') return this.#raw();
    // The longest that fits is the token.
    const operator = [3, 2, 1]
      .map((length) => text.slice(offset, offset + length))
      .find((slice) => operators.has(slice));
    if (operator === undefined) throw this.error(`illegal character ${described(first)}`, offset);
    this.#at += operator.length;
    return { kind: 'operator', text: operator, offset };
  }

  #number(): Token {
    const offset = this.#at;
    const text = this.#take(number);
    if (this.#text[this.#at] === 'i') {
      this.#at++;
      return { kind: 'imaginary', text: `${text}i`, offset };
    }
    const float = /^0[xX]/.test(text) ? /[.pP]/.test(text) : /^[^xXbBoO]*[.eE]/.test(text);
    return { kind: float ? 'float' : 'int', text, offset };
  }

  #quoted(quote: '"' | "'"): Token {
    const text = this.#text;
    const offset = this.#at;
    let at = offset + 1;
    while (text[at] !== quote) {
      if (at >= text.length || text[at] === '\n')
        throw this.error(quote === '"' ? 'string literal not terminated' : 'rune literal not terminated', offset);
      at += text[at] === '\\' ? 2 : 1;
    }
    this.#at = at + 1;
    return { kind: quote === '"' ? 'string' : 'char', text: text.slice(offset, at + 1), offset };
  }

  #raw(): Token {
    const offset = this.#at;
    const end = this.#text.indexOf('`', offset + 1);
    if (end < 0) throw this.error('raw string literal not terminated', offset);
    this.#at = end + 1;
    return { kind: 'string', text: this.#text.slice(offset, end + 1).replaceAll('\r', ''), offset };
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += taken.length;
    return taken;
  }
}

function described(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code}${/[\p{C}\p{Z}]/u.test(char) ? '' : ` '${char}'`}`;
}
