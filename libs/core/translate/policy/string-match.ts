import type { StringMatcher } from '@keelson/api/envoy/type/matcher/v3/string';

/**
 * A value as policies write them: exact, `prefix*`, `*suffix`, or `*` for any that is not empty. `start` stands before
 * each value, as `spiffe://` before principals.
 */
export function wildcardMatcher(value: string, start = ''): StringMatcher {
  if (value === '*') return regexMatcher(`${quote(start)}.+`);
  if (value.startsWith('*'))
    return start === ''
      ? { matchPattern: { $case: 'suffix', value: value.slice(1) } }
      : regexMatcher(`${quote(start)}.*${quote(value.slice(1))}`);
  if (value.endsWith('*')) return { matchPattern: { $case: 'prefix', value: start + value.slice(0, -1) } };
  return { matchPattern: { $case: 'exact', value: start + value } };
}

/** A path, which may have `{*}` for one segment and `{**}` for any number of them as well. */
export function pathMatcher(value: string): StringMatcher {
  if (!/\{\*\*?\}/.test(value)) return wildcardMatcher(value);
  const parts = value.split(/(\{\*\*?\})/);
  return regexMatcher(parts.map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : quote(part))).join(''));
}

/** A regular expression that the whole value has to match. */
export function regexMatcher(regex: string): StringMatcher {
  return { matchPattern: { $case: 'safeRegex', value: { regex } } };
}

/** A text as a regular expression that means only itself. */
export function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A pattern with `*` for anything, as a regular expression. */
export function quoteWildcards(text: string): string {
  return text.split('*').map(quote).join('.*');
}
