import type { RouteDirective } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes, CheckCall } from '@keelson/core/attributes';

/** What was answered to a check. */
export interface PolicyAnswer {
  /** A gRPC status code; 0 lets the request pass, any other is a denial. */
  readonly code: number;
  readonly message: string;
  /** Changes of headers, or an answer in place of the service's. */
  readonly directive: RouteDirective | undefined;
}

/** An answer, and where it was found. Equal answers from a cache may be one object. */
export interface PolicyDecision {
  readonly answer: PolicyAnswer;
  /** Nobody had to be asked whether the request may pass. */
  readonly checkCacheHit: boolean;
  /** Nobody had to be asked for its quotas; undefined for a request that takes none. */
  readonly quotaCacheHit: boolean | undefined;
}

/** Who decides on requests and hears of them: Mixer over the network, or a policy engine in this process. */
export interface PolicyBackend {
  /**
   * Decides on a request, and takes the quotas that it asks for. Throws, or rejects with, a GrpcError where nobody could
   * decide; it was logged, and the request took no quota.
   */
  check(call: CheckCall): PolicyDecision | Promise<PolicyDecision>;
  /** Tells of requests that are over. Never fails: what cannot be told is counted or logged. */
  report(records: readonly Attributes[]): void;
}
