import type { StringMap } from '@keelson/core/attributes';

/** The part of a request's path before its query. */
export function urlPath(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const at = path.search(/[?#]/);
  return at < 0 ? path : path.slice(0, at);
}

/**
 * The parameters of a path's query, as they stand there (Mixer's proxy did not decode them); of equal names the first
 * counts. Undefined where there are none. Envoy's limit of headers is theirs: one that is left out here gets round a rule.
 */
export function queryParams(path: string | undefined): StringMap | undefined {
  const fragment = path?.indexOf('#') ?? -1;
  const whole = fragment < 0 ? path : path?.slice(0, fragment);
  const start = whole?.indexOf('?') ?? -1;
  if (whole === undefined || start < 0) return undefined;
  const params = new Map<string, string>();
  for (const part of whole.slice(start + 1).split('&')) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    if (name !== '' && !params.has(name)) params.set(name, at < 0 ? '' : part.slice(at + 1));
  }
  return params.size === 0 ? undefined : params;
}

/** Whether a content type is gRPC's (gRPC over HTTP/2, "Content-Type"); not gRPC-Web, which Envoy translates before. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:$|[+;])/i.test(contentType);
}

/** Where callers put an API key if nothing else is said, as Mixer's proxy looked for it. */
export function apiKey(headers: StringMap | undefined, query: StringMap | undefined): string | undefined {
  return query?.get('key') ?? query?.get('api_key') ?? headers?.get('x-api-key');
}
