import { checkSpiffeId, type TokenRecord } from '@keelson/core/pki';
import { problemError } from '@keelson/core/problems';
import { parseDuration, type HttpRequest, type HttpResponse, type HttpRouter } from '@keelson/edge/service';
import { type Authority } from '@keelson/edge/authorities';
import { type CertificateIndex } from './certificate-index';
import { type TokenStore } from './token-store';

const mostUses = 10_000;
const longestMs = 3650 * 86_400_000;

export interface AdminOptions {
  tokens: TokenStore;
  index: CertificateIndex;
  authority: Authority;
  trustDomain: string;
  /** The SPIFFE id of those who may call. */
  operator: string;
  clock?: () => number;
}

/** What operators may do: make, list and withdraw join tokens, and see what was given out. */
export function adminRoutes(router: HttpRouter, options: AdminOptions): void {
  const { tokens, index, authority } = options;
  const clock = options.clock ?? Date.now;
  const route = (
    method: string,
    pattern: string,
    handler: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
  ): void => {
    router.route(method, pattern, (request) => {
      if (request.peer?.spiffeIds.includes(options.operator) !== true)
        throw problemError('forbidden', `only ${options.operator} may do this`);
      return handler(request);
    });
  };
  route('POST', '/v1/tokens', async (request) => {
    const grant = grantOf(await request.body(), options.trustDomain);
    const { token, record } = tokens.create(grant);
    return { status: 201, body: { id: record.id, token, expires: new Date(record.expires).toISOString() } };
  });
  route('GET', '/v1/tokens', () => ({ status: 200, body: tokens.list().map(shown) }));
  route('DELETE', '/v1/tokens/:id', ({ params }) => {
    const { id = '' } = params;
    if (!tokens.delete(id)) throw problemError('not-found', `there is no join token ${id}`);
    return { status: 204 };
  });
  route('GET', '/v1/bundle', () => ({
    status: 200,
    headers: { 'content-type': 'application/x-pem-file' },
    body: authority.roots,
  }));
  route('GET', '/v1/certificates', ({ query }) => ({
    status: 200,
    body: index.list(clock(), query.get('identity') ?? undefined),
  }));
}

/** A token as it is listed: neither its secret, which is not known, nor its hash. */
function shown({ id, namespace, serviceAccount, uses, created, expires, keys }: TokenRecord): Record<string, unknown> {
  return {
    id,
    namespace,
    serviceAccount,
    uses,
    used: keys.length,
    created: new Date(created).toISOString(),
    expires: new Date(expires).toISOString(),
  };
}

function grantOf(
  body: Buffer,
  trustDomain: string,
): { namespace: string; serviceAccount: string; uses: number; ttlMs: number } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch {
    throw problemError('malformed', 'the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw problemError('malformed', 'the body is not a JSON object');
  const { namespace, serviceAccount, uses = 1, ttl = '24h', ...others } = parsed as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw problemError('unknown-field', 'there is no such field', { field: other });
  const text = (value: unknown, field: string): string => {
    if (typeof value !== 'string') throw problemError('invalid-value', 'a text is needed', { field });
    return value;
  };
  const id = {
    trustDomain,
    namespace: text(namespace, 'namespace'),
    serviceAccount: text(serviceAccount, 'serviceAccount'),
  };
  checkSpiffeId(id);
  if (typeof uses !== 'number' || !Number.isInteger(uses) || uses < 1 || uses > mostUses)
    throw problemError('invalid-value', `a whole number from 1 to ${mostUses} is needed`, { field: 'uses' });
  const ttlMs = parseDuration(text(ttl, 'ttl'));
  if (ttlMs === undefined || ttlMs <= 0 || ttlMs > longestMs)
    throw problemError('invalid-value', 'a duration such as 30m, 24h or 7d is needed, of ten years at most', {
      field: 'ttl',
    });
  return { namespace: id.namespace, serviceAccount: id.serviceAccount, uses, ttlMs };
}
