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

const textTypes: readonly (ValueType | undefined)[] = ['STRING', 'EMAIL_ADDRESS', 'URI', 'DNS_NAME'];

/** Looks up texts by a function. */
class TextEntries implements Entries {
  constructor(
    readonly size: number,
    private readonly has: (text: string) => boolean,
    private readonly what: string,
  ) {}

  look(value: Value | undefined, type: ValueType | undefined): Finding {
    if (textTypes.includes(type)) return { found: this.has(value as string) };
    return { invalid: `a value of type ${type ?? 'none'} cannot be in a list of ${this.what}` };
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

/** Patterns in RE2's syntax, of which one is found anywhere in the text. Throws for one that does not compile. */
export function regexEntries(entries: readonly string[]): Entries {
  const patterns = entries.filter((entry) => entry !== '');
  if (patterns.length > maxPatterns) throw new Error(`there are more than ${maxPatterns} patterns`);
  const set = new RE2Set();
  for (const pattern of patterns) {
    const problem = patternProblem(pattern);
    if (problem !== undefined) throw new Error(problem);
    set.add(pattern);
  }
  set.compile();
  return new TextEntries(patterns.length, (text) => patterns.length > 0 && set.match(text).length > 0, 'patterns');
}

/** What is wrong with a pattern. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > maxPatternLength) return `a pattern is longer than ${maxPatternLength} characters`;
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return `${JSON.stringify(pattern)} is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}
