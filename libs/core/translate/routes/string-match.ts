import type { StringMatch } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { HeaderMatcher } from '@keelson/api/envoy/config/route/v3/route_components';
import type { StringMatcher } from '@keelson/api/envoy/type/matcher/v3/string';

/** Envoy's form of a user's `exact`, `prefix` or `regex`; nothing where any value is meant. */
export function stringMatcher(match: StringMatch | undefined): StringMatcher | undefined {
  const wanted = match?.matchType;
  switch (wanted?.$case) {
    case undefined:
      return undefined;
    case 'exact':
      return { matchPattern: { $case: 'exact', value: wanted.value } };
    case 'prefix':
      return wanted.value === '' ? undefined : { matchPattern: { $case: 'prefix', value: wanted.value } };
    case 'regex':
      // `*` is no regular expression, but Istio's users write it for "present".
      return wanted.value === '*' || wanted.value === ''
        ? undefined
        : { matchPattern: { $case: 'safeRegex', value: { regex: wanted.value } } };
  }
}

/** A header that has to be present, with a value that fits where one is given. */
export function headerMatcher(name: string, match: StringMatch | undefined): HeaderMatcher {
  const value = stringMatcher(match);
  return {
    name,
    headerMatchSpecifier:
      value === undefined ? { $case: 'presentMatch', value: true } : { $case: 'stringMatch', value },
  };
}

/** The opposite of `headerMatcher`: also true where the header is missing. */
export function withoutHeader(name: string, match: StringMatch | undefined): HeaderMatcher {
  const wanted = headerMatcher(name, match);
  const missingCounts = wanted.headerMatchSpecifier?.$case === 'stringMatch' ? { treatMissingHeaderAsEmpty: true } : {};
  return { ...wanted, invertMatch: true, ...missingCounts };
}
