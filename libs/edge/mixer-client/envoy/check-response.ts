import { status } from '@grpc/grpc-js';
import type { RouteDirective } from '@keelson/api/istio/mixer/v1/mixer';
import {
  CheckResponse,
  type DeniedHttpResponse,
  type OkHttpResponse,
} from '@keelson/api/envoy/service/auth/v3/external_auth';
import type { StatusCode } from '@keelson/api/envoy/type/v3/http_status';
import type { PolicyDecision } from '../backend';
import { checkMetadata } from './check-metadata';
import type { EnvoyCounters } from './counters';
import { headerChanges } from './header-operations';
import { httpStatusOfCode, statusText } from './status';

/**
 * A decision in the bytes of Envoy's `CheckResponse`.
 *
 * @param has whether the request has a header, in small letters
 * @param grpc whether the caller speaks gRPC, and reads the outcome from the status of that
 */
export function encodeDecision(
  decision: PolicyDecision,
  has: (name: string) => boolean,
  grpc: boolean,
  counters: EnvoyCounters,
): Buffer {
  const { answer } = decision;
  if (answer.code === 0 && answer.directive === undefined) return plainYes(decision);
  const direct = directCode(answer.directive);
  const denied = answer.code !== 0 || direct !== undefined;
  // A direct answer is one even where Mixer says yes; Envoy knows it only as a denial.
  const code = denied && answer.code === 0 ? status.PERMISSION_DENIED : answer.code;
  return bytesOf({
    status: { code, message: answer.message },
    httpResponse: denied
      ? { $case: 'deniedResponse', value: denial(decision, direct, grpc, counters) }
      : { $case: 'okResponse', value: passing(answer.directive, has, counters) },
    dynamicMetadata: checkMetadata(decision),
  });
}

const yes = new Map<string, Buffer>();

/** Most answers are one of a few. */
function plainYes(decision: PolicyDecision): Buffer {
  const key = `${decision.checkCacheHit},${decision.quotaCacheHit}`;
  let bytes = yes.get(key);
  if (bytes === undefined) {
    const dynamicMetadata = checkMetadata(decision);
    bytes = bytesOf({ status: { code: 0 }, httpResponse: { $case: 'okResponse', value: {} }, dynamicMetadata });
    yes.set(key, bytes);
  }
  return bytes;
}

/** An HTTP status that a service could answer with. */
function directCode(directive: RouteDirective | undefined): number | undefined {
  const code = directive?.directResponseCode ?? 0;
  return code >= 200 && code <= 599 ? code : undefined;
}

function passing(
  directive: RouteDirective | undefined,
  has: (name: string) => boolean,
  counters: EnvoyCounters,
): OkHttpResponse {
  const request = headerChanges(directive?.requestHeaderOperations, has);
  // It is not known what the service will answer: Envoy adds a header that is not there.
  const response = headerChanges(directive?.responseHeaderOperations, () => true);
  // ext_authz cannot take away what the service answers.
  counters.ignoredHeaderOperations += request.refused + response.refused + response.remove.length;
  return { headers: request.set, headersToRemove: request.remove, responseHeadersToAdd: response.set };
}

function denial(
  { answer }: PolicyDecision,
  direct: number | undefined,
  grpc: boolean,
  counters: EnvoyCounters,
): DeniedHttpResponse {
  const changes = headerChanges(direct === undefined ? [] : answer.directive?.responseHeaderOperations, () => false);
  counters.ignoredHeaderOperations += changes.refused;
  // Envoy adds all that have one name, and leaves out what is to be appended.
  const headers = changes.set.map(({ header }) => ({ header }));
  // By itself Envoy makes the gRPC status of the HTTP status, and knows fewer of them.
  if (grpc && answer.code !== 0) headers.push({ header: { key: 'grpc-status', value: String(answer.code) } });
  return {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- it lacks statuses that Envoy can send
    status: { code: (direct ?? httpStatusOfCode(answer.code)) as StatusCode },
    headers,
    body: direct === undefined ? statusText(answer) : (answer.directive?.directResponseBody ?? ''),
  };
}

function bytesOf(response: CheckResponse): Buffer {
  return Buffer.from(CheckResponse.encode(response).finish());
}
