import { RE2JS } from 're2js';
import { pathMatcher, quote, wildcardMatcher } from './string-match';

describe('values of policies', () => {
  it('that look like regular expressions mean themselves', () => {
    const odd = 'a.b*c+(d)[e]{f}|g^h$i\\j?';
    expect(RE2JS.matches(quote(odd), odd)).toBe(true);
    expect(RE2JS.matches(quote('a.b'), 'axb')).toBe(false);
  });

  it.each([
    ['/a/{*}/b', '/a/x/b', true],
    ['/a/{*}/b', '/a/x/y/b', false],
    ['/a/{**}', '/a/x/y', true],
    ['/a.b/{*}', '/axb/c', false],
  ])('path %s against %s: %s', (pattern, path, matches) => {
    const found = pathMatcher(pattern).matchPattern;
    const regex = found?.$case === 'safeRegex' ? (found.value.regex ?? '') : '';
    expect(RE2JS.matches(regex, path)).toBe(matches);
  });

  it('never make an empty prefix or suffix, which Envoy refuses', () => {
    for (const start of ['', 'spiffe://']) expect(wildcardMatcher('*', start).matchPattern?.$case).toBe('safeRegex');
  });
});
