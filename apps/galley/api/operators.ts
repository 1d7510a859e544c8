import { createHash } from 'node:crypto';
import { problemError } from '@keelson/core/problems';
import type { HttpHandler, HttpRequest, HttpResponse, HttpRouter } from '@keelson/edge/service';

/** A request of an operator who was let in. */
export interface OperatorRequest extends HttpRequest {
  /** The operator's SPIFFE id; `anonymous` where the API runs without TLS. */
  operator: string;
}

export type OperatorHandler = (request: OperatorRequest) => HttpResponse | Promise<HttpResponse>;

/** Adds routes that only operators may use. */
export class OperatorRoutes {
  /** @param operatorId the id that a caller's certificate must have; undefined where there are no certificates */
  constructor(
    private readonly router: HttpRouter,
    private readonly operatorId: string | undefined,
  ) {}

  route(method: string, pattern: string, handler: OperatorHandler): void {
    const guarded: HttpHandler = (request) => handler({ ...request, operator: this.admit(request) });
    this.router.route(method, pattern, guarded);
  }

  private admit({ peer }: HttpRequest): string {
    if (this.operatorId === undefined) return 'anonymous';
    if (!peer) throw problemError('unauthenticated', 'a client certificate of an operator is needed');
    if (peer.spiffeIds.includes(this.operatorId)) return this.operatorId;
    throw problemError('forbidden', `${peer.spiffeIds.join(', ') || 'the certificate'} is no operator`);
  }
}

/** Names a commit by the key that a caller gave to its request: the same key of the same caller is the same commit. */
export function commitIdOf({ headers, operator }: OperatorRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > 255)
    throw problemError('invalid-value', 'must have 1 to 255 characters', { field: 'Idempotency-Key' });
  const hex = createHash('sha256').update(`${operator}\n${key}`).digest('hex');
  // The form of a UUID of version 8, whose bits mean what their maker says.
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
