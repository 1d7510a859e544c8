import { problemError } from '@keelson/core/problems';
import type { HttpHandler, HttpRequest, HttpResponse, HttpRouter } from '@keelson/edge/service';
import { keyedCommitId } from '../keyed-commits';

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

/**
 * Names a commit by the key that a caller gave to its request and by what is asked for: the same request with the same key
 * of the same caller is the same commit. Undefined without a key.
 */
export function commitIdOf({ headers, operator }: OperatorRequest, digest: () => string): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > 255)
    throw problemError('invalid-value', 'must have 1 to 255 characters', { field: 'Idempotency-Key' });
  return keyedCommitId(`${operator}\n${key}`, digest());
}
