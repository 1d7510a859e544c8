import type { Value, ValueType } from '@keelson/core/attributes';
import { RE2JS, RE2Set } from 're2js';

/** What a list can be made of. */
export const entryTypes = ['STRINGS', 'CASE_INSENSITIVE_STRINGS', 'IP_ADDRESSES', 'REGEX'] as const;
export type EntryType = (typeof entryTypes)[number];

/** What a list says of a value; `invalid` where such a list cannot hold it, with the reason. */
export type Finding = { readonly found: boolean } | { readonly invalid: string };

/** A list that values are looked up in. */
export interface Entries {
  readonly size: number;
  look(value: Value | undefined, type: ValueType | undefined): Finding;
}

/** More patterns than these, or longer ones, would hold up every check for milliseconds. */
const maxPatterns = 2000;
const maxPatternLength = 8192;
/** What patterns may have together, as RE2 counts: about one for a character, each time that it is repeated. */
const maxProgramSize = 20_000;
/** To compile what repeats beyond measure takes seconds. */
const maxCompiledLength = 4 * maxProgramSize;
/** At worst a look-up takes as many steps as the text is long times the size of the patterns: less than a second. */
const maxSteps = 20_000_000;
const maxMatchedLength = 4096;

const textTypes: readonly (ValueType | undefined)[] = ['STRING', 'EMAIL_ADDRESS', 'URI', 'DNS_NAME'];

/** Looks up texts by a function. */
class TextEntries implements Entries {
  constructor(
    readonly size: number,
    private readonly has: (text: string) => boolean,
    private readonly what: string,
    private readonly maxLength = Infinity,
  ) {}

  look(value: Value | undefined, type: ValueType | undefined): Finding {
    if (!textTypes.includes(type))
      return { invalid: `a value of type ${type ?? 'none'} cannot be in a list of ${this.what}` };
    const text = value as string;
    if (text.length > this.maxLength)
      return { invalid: `a value of more than ${this.maxLength} characters cannot be in this list of ${this.what}` };
    return { found: this.has(text) };
  }
}

export function stringEntries(entries: readonly string[]): Entries {
  const set = new Set(entries);
  set.delete('');
  return new TextEntries(set.size, (text) => set.has(text), 'strings');
}

export function caseInsensitiveEntries(entries: readonly string[]): Entries {
  const set = new Set(entries.map(upperCase));
  set.delete('');
  return new TextEntries(set.size, (text) => set.has(upperCase(text)), 'strings');
}

/** Upper case letter by letter, as Go has it: a letter that would become several stays what it is. */
function upperCase(text: string): string {
  const upper = text.toUpperCase();
  if (upper.length === text.length) return upper;
  return Array.from(text, (letter) => {
    const one = letter.toUpperCase();
    return one.length === letter.length ? one : letter;
  }).join('');
}

/**
 * Patterns in RE2's syntax, of which one is found anywhere in the text. Throws for one that does not compile, and for more
 * than can be looked up in good time.
 */
export function regexEntries(entries: readonly string[]): Entries {
  const patterns = entries.filter((entry) => entry !== '');
  if (patterns.length > maxPatterns) throw new Error(`there are more than ${maxPatterns} patterns`);
  const set = new RE2Set();
  let programSize = 0;
  for (const pattern of patterns) {
    programSize += programSizeOf(pattern);
    if (programSize > maxProgramSize)
      throw new Error(`there is more than ${maxProgramSize} characters of patterns, with all that they repeat`);
    set.add(pattern);
  }
  set.compile();
  const maxLength = Math.min(maxMatchedLength, Math.floor(maxSteps / Math.max(1, programSize)));
  return new TextEntries(
    patterns.length,
    (text) => patterns.length > 0 && set.match(text).length > 0,
    'patterns',
    maxLength,
  );
}

/** The size of a pattern when it is compiled, about that if it is far too much. Throws for one that does not compile. */
function programSizeOf(pattern: string): number {
  if (pattern.length > maxPatternLength) throw new Error(`a pattern is longer than ${maxPatternLength} characters`);
  const about = unrolledLength(pattern);
  if (about > maxCompiledLength) return about;
  try {
    return RE2JS.compile(pattern).programSize();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${JSON.stringify(pattern)} is no regular expression: ${reason}`);
  }
}

/** About how much has to be compiled to judge a pattern; one that is far too large is judged without. */
export function compiledLength(pattern: string): number {
  const about = unrolledLength(pattern);
  return about > maxCompiledLength ? 0 : about;
}

/** About the length of a pattern with all repetitions written out; classes are taken for texts. */
function unrolledLength(pattern: string): number {
  const groups: number[] = [];
  let total = 0;
  let last = 0;
  for (const [token, least, most] of pattern.matchAll(/\\[xpP]\{|\\.|\{([0-9]+)(?:,([0-9]*))?\}|./gs)) {
    if (least !== undefined) {
      const repeated = last * Number(most || least);
      total += repeated - last;
      last = repeated;
    } else if (token === '(') groups.push(total);
    else if (token === ')') last = total - (groups.pop() ?? 0);
    else total += last = 1;
  }
  return total;
}
