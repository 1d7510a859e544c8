import { RE2JS } from 're2js';

/** The longest pattern: what comes with an attribute may be no longer than what an expression can hold. */
const maxPatternLength = 8192;
const maxCached = 256;

/** Patterns that came with attributes, the oldest first; null where a text is no pattern. */
const cache = new Map<string, RE2JS | null>();

/** The pattern of a text in RE2's syntax; null where it has an error. */
export function compilePattern(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return null;
  }
}

/** Whether a pattern is found anywhere in a text; undefined where it is no pattern. */
export function search(pattern: string, text: string): boolean | undefined {
  let compiled = cache.get(pattern);
  if (compiled === undefined) {
    if (pattern.length > maxPatternLength) return undefined;
    compiled = compilePattern(pattern);
    if (cache.size >= maxCached) for (const oldest of cache.keys()) if (cache.delete(oldest)) break;
    cache.set(pattern, compiled);
  }
  return compiled?.test(text);
}

/** Why `search` gives nothing. */
export function patternProblem(pattern: string): string {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return `error parsing regexp: it is longer than ${maxPatternLength} characters`;
}

/** `prefix*`, else `*suffix`, else the text itself. */
export function matchesGlob(text: string, pattern: string): boolean {
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1));
  return text === pattern;
}
