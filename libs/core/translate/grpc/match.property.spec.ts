import fc from 'fast-check';
import type { HeaderMatcher, RouteMatch } from '@keelson/api/envoy/config/route/v3/route_components';
import { call, httpMatch, means, translated } from './testing/calls';

describe('S9 a match of gRPC calls', () => {
  it('means the same to a client to whom a missing header fits nothing, also where it is the opposite that is wanted', () => {
    fc.assert(
      fc.property(httpMatch, call, (match, { path, metadata }) => {
        expect(translated(match).some((each) => fits(each, path, metadata))).toBe(means(match, path, metadata));
      }),
      { numRuns: 500 },
    );
  });
});

/** How clients in Go see it. */
function fits(
  { pathSpecifier, caseSensitive, headers = [] }: RouteMatch,
  path: string,
  metadata: Record<string, string>,
): boolean {
  const cased = (text: string): string => (caseSensitive === false ? text.toLowerCase() : text);
  const pathFits =
    pathSpecifier?.$case === 'path'
      ? cased(path) === cased(pathSpecifier.value)
      : pathSpecifier?.$case === 'prefix'
        ? cased(path).startsWith(cased(pathSpecifier.value))
        : pathSpecifier?.$case === 'safeRegex' && whole(pathSpecifier.value.regex, path);
  return pathFits && headers.every((header) => headerFits(header, metadata[header.name ?? '']));
}

function headerFits(
  { headerMatchSpecifier: wanted, invertMatch = false }: HeaderMatcher,
  value: string | undefined,
): boolean {
  if (wanted?.$case === 'presentMatch') return (value !== undefined) !== invertMatch;
  if (value === undefined || wanted?.$case !== 'stringMatch') return false;
  const pattern = wanted.value.matchPattern;
  const found =
    pattern?.$case === 'exact'
      ? value === pattern.value
      : pattern?.$case === 'prefix'
        ? value.startsWith(pattern.value)
        : pattern?.$case === 'safeRegex' && whole(pattern.value.regex, value);
  return found !== invertMatch;
}

function whole(regex = '', text: string): boolean {
  return new RegExp(`^(?:${regex})$`).test(text);
}
