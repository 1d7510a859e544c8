import { RE2JS } from 're2js';
import type { HeaderMatcher, RouteMatch } from '@keelson/api/envoy/config/route/v3/route_components';
import type { StringMatcher } from '@keelson/api/envoy/type/matcher/v3/string';

/** So many matches may stand for one. */
const mostVariants = 16;

/**
 * A match as gRPC takes it: by path and metadata (gRFC A28). Method, scheme and authority are decided here, since clients do
 * not find these among the metadata. Every call has the same method and scheme; by which of the service's names it was
 * dialled is not known, so that what holds for one of them is taken to hold. None is left where no call can match; several
 * where it takes them to say the same.
 */
export function callMatches(match: RouteMatch, authorities: readonly string[]): RouteMatch[] {
  // The path of a call has no query.
  if ((match.queryParameters ?? []).length > 0) return [];
  let variants: HeaderMatcher[][] = [[]];
  for (const written of match.headers ?? []) {
    // Metadata has names in lower case only.
    const header = { ...written, name: written.name?.toLowerCase() };
    const values = fixedValues(header.name, authorities);
    if (values !== undefined) {
      if (!holdsFor(header, values)) return [];
      continue;
    }
    const ways = waysToHold(header);
    const used = variants.length * ways.length > mostVariants ? ways.slice(-1) : ways;
    variants = variants.flatMap((variant) => used.map((way) => [...variant, ...way]));
  }
  return variants.map((headers) => ({
    pathSpecifier: pathOf(match.pathSpecifier),
    ...(match.caseSensitive === undefined ? {} : { caseSensitive: match.caseSensitive }),
    ...(headers.length === 0 ? {} : { headers }),
  }));
}

function pathOf(path: RouteMatch['pathSpecifier']): RouteMatch['pathSpecifier'] {
  if (path?.$case !== 'safeRegex') return path;
  return { $case: 'safeRegex', value: { regex: grouped(path.value.regex ?? '') } };
}

/** The values that a header can have by what it is; undefined for one that calls may carry. */
function fixedValues(name: string | undefined, authorities: readonly string[]): readonly string[] | undefined {
  switch (name) {
    case ':method':
      return ['POST'];
    case ':scheme':
      return ['http'];
    case ':authority':
      return authorities;
    default:
      return undefined;
  }
}

function holdsFor({ headerMatchSpecifier: wanted, invertMatch }: HeaderMatcher, values: readonly string[]): boolean {
  const inverted = invertMatch === true;
  if (wanted?.$case !== 'stringMatch') return !inverted;
  return values.some((value) => matches(wanted.value, value) !== inverted);
}

/**
 * The sets of matchers by which a header can fit. That it has another value, or is missing, takes two: clients do not
 * agree on whether a missing header is one with another value.
 */
function waysToHold(header: HeaderMatcher): HeaderMatcher[][] {
  const { name, headerMatchSpecifier: wanted, invertMatch } = header;
  if (wanted?.$case !== 'stringMatch') return [[header]];
  const matcher: HeaderMatcher = {
    name,
    headerMatchSpecifier: { $case: 'stringMatch', value: groupedMatcher(wanted.value) },
    ...(invertMatch === true ? { invertMatch } : {}),
  };
  if (invertMatch !== true) return [[matcher]];
  const present: HeaderMatcher = { name, headerMatchSpecifier: { $case: 'presentMatch', value: true } };
  // A missing header counts as an empty one.
  return matches(wanted.value, '') ? [[present, matcher]] : [[{ ...present, invertMatch }], [matcher]];
}

function groupedMatcher(matcher: StringMatcher): StringMatcher {
  const pattern = matcher.matchPattern;
  if (pattern?.$case !== 'safeRegex') return matcher;
  return { matchPattern: { $case: 'safeRegex', value: { regex: grouped(pattern.value.regex ?? '') } } };
}

/** A regular expression is to match the whole; grpc-js puts `^` and `$` around it without a group of their own. */
function grouped(regex: string): string {
  return regex.includes('|') ? `(?:${regex})` : regex;
}

function matches({ matchPattern: pattern }: StringMatcher, value: string): boolean {
  switch (pattern?.$case) {
    case 'exact':
      return value === pattern.value;
    case 'prefix':
      return value.startsWith(pattern.value);
    case 'safeRegex':
      return matchesWhole(pattern.value.regex ?? '', value);
    default:
      return false;
  }
}

function matchesWhole(regex: string, value: string): boolean {
  try {
    return RE2JS.matches(regex, value);
  } catch {
    return false; // was taken by an older version, and fits nothing
  }
}
