import fc from 'fast-check';
import { jsonToBinary, type JsonObject } from '@keelson/api';
import { HTTPMatchRequest } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { RouteMatch } from '@keelson/api/envoy/config/route/v3/route_components';
import { routeMatch } from '../../routes/match';
import { callMatches } from '../match';

export type Match = JsonObject &
  Partial<Record<'headers' | 'withoutHeaders', Record<string, Text>>> & { uri?: Text; ignoreUriCase?: boolean };
/** A user's exact, prefix or regex; none of them asks whether there is a value. */
export type Text = { exact?: string; prefix?: string; regex?: string };

/** The names of the service that is called. */
export const authorities = ['echo.default.svc.cluster.local', 'echo.default.svc.cluster.local:7070'];

/** What a client is given for a match. */
export function translated(match: Match): RouteMatch[] {
  const bytes = jsonToBinary('istio.networking.v1alpha3.HTTPMatchRequest', match);
  return callMatches(routeMatch(HTTPMatchRequest.decode(bytes)), authorities);
}

const word = fc.constantFrom('a', 'b', 'ab', 'GET', 'POST', 'http');
const text: fc.Arbitrary<Text> = fc.oneof(
  fc.record({ exact: word }),
  fc.record({ prefix: word }),
  fc.record({ regex: fc.constantFrom('a|b', 'a.*', '.*', 'b+', 'POST|GET', '(a)?') }),
);
const fields = fc.dictionary(fc.constantFrom('x', 'y', 'Z-Z'), fc.oneof(text, fc.constant({})), { maxKeys: 3 });
export const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Matches of HTTP rules. */
export const httpMatch: fc.Arbitrary<Match> = fc
  .record({
    uri: optional(
      fc.oneof(
        fc.record({ exact: fc.constantFrom('/a', '/A/b') }),
        fc.record({ prefix: fc.constantFrom('/a', '/A/', '/') }),
        fc.record({ regex: fc.constantFrom('/a|/b', '/a.*', '/[ab]/.*') }),
      ),
    ),
    ignoreUriCase: optional(fc.boolean()),
    method: optional(text),
    headers: optional(fields),
    withoutHeaders: optional(fields),
  })
  .map((match) => JSON.parse(JSON.stringify(match)) as Match);
/** Calls that they may be of. */
export const call = fc.record({
  path: fc.constantFrom('/a', '/A', '/b', '/a/b', '/A/b', '/ab'),
  metadata: fc.dictionary(fc.constantFrom('x', 'y', 'z-z'), fc.constantFrom('a', 'b', 'ab', 'c', ''), { maxKeys: 3 }),
});
/** What Istio says of a match, of a call that carries these headers. */
export function means(match: Match, path: string, metadata: Record<string, string>): boolean {
  const fits = ({ exact, prefix, regex }: Text, value: string): boolean => {
    if (exact !== undefined) return value === exact;
    if (prefix !== undefined) return value.startsWith(prefix);
    return regex === undefined || new RegExp(`^(?:${regex})$`).test(value);
  };
  const { uri, headers = {}, withoutHeaders = {}, method } = match;
  const cased = (value: string): string =>
    match.ignoreUriCase === true && uri?.regex === undefined ? value.toLowerCase() : value;
  const wantedPath = uri && Object.fromEntries(Object.entries(uri).map(([key, value]) => [key, cased(value)]));
  const given = (name: string): string | undefined => metadata[name.toLowerCase()];
  return (
    (wantedPath === undefined || fits(wantedPath, cased(path))) &&
    (method === undefined || fits(method as Text, 'POST')) &&
    Object.entries(headers).every(([name, wanted]) => given(name) !== undefined && fits(wanted, given(name) ?? '')) &&
    Object.entries(withoutHeaders).every(([name, wanted]) =>
      Object.keys(wanted).length === 0 ? given(name) === undefined : !fits(wanted, given(name) ?? ''),
    )
  );
}
