import { status } from '@grpc/grpc-js';
import type { AttributeContext } from '@keelson/api/envoy/service/auth/v3/attribute_context';
import { CheckRequest } from '@keelson/api/envoy/service/auth/v3/external_auth';
import type { Attributes } from '@keelson/core/attributes';
import { GrpcError, type Logger } from '@keelson/edge/service';
import type { PolicyBackend, PolicyDecision } from '../backend';
import { checkFacts, directionOf } from './check-facts';
import { encodeDecision } from './check-response';
import type { EnvoyCounters } from './counters';
import type { Direction, Facts } from './facts';
import { attributesOf } from './mapping';
import { TextReader } from './text-reader';
import { quotasOf } from './quota-specs';

export interface EnvoyPolicyOptions {
  backend: PolicyBackend;
  /** What the workload of the proxy knows of itself: `destination.*` for inbound, `source.*` for outbound. */
  local: (direction: Direction) => Attributes;
  counters: EnvoyCounters;
  log: Logger;
}

const noTexts: Readonly<Record<string, string>> = {};
const noContext: AttributeContext = {};

/**
 * Answers the bytes of `envoy.service.auth.v3.Authorization/Check` with those of a `CheckResponse`. Throws, or rejects with, a
 * GrpcError: INVALID_ARGUMENT for what is no request, and what the backend fails with where nobody could decide. Upon any
 * Envoy acts by its `failure_mode_allow`.
 */
export function answerCheck(bytes: Uint8Array, options: EnvoyPolicyOptions): Buffer | Promise<Buffer> {
  const { backend, local, counters } = options;
  const { attributes: context = noContext } = readRequest(bytes);
  const texts = context.contextExtensions ?? noTexts;
  const direction = directionOf(texts);
  const facts = checkFacts(context, direction, local(direction));
  const attributes = attributesOf('check', facts, texts);
  const quotas = quotasOf(texts['istio.quota_specs'], attributes);
  const encode = (decision: PolicyDecision): Buffer =>
    encodeDecision(decision, (name) => facts.request?.headers.get(name) !== undefined, isGrpc(facts), counters);
  const decision = backend.check({ attributes, quotas });
  return decision instanceof Promise ? decision.then(encode) : encode(decision);
}

function isGrpc({ protocol }: Facts): boolean {
  return protocol === 'grpc';
}

function readRequest(bytes: Uint8Array): CheckRequest {
  try {
    return CheckRequest.decode(new TextReader(bytes));
  } catch (error) {
    throw new GrpcError(status.INVALID_ARGUMENT, `this is no CheckRequest: ${String(error)}`);
  }
}
