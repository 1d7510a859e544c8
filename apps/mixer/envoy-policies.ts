import type { Attributes } from '@keelson/core/attributes';
import {
  EnvoyCounters,
  envoyPolicyService,
  FailureLog,
  type EnvoyPolicyOptions,
  type EnvoyPolicyService,
} from '@keelson/edge/mixer-client';
import type { AuthenticatedCall, Logger } from '@keelson/edge/service';
import type { CallLog, Caller, LivePolicy } from './calls';
import { callerOf, type Trust } from './caller';
import { LocalBackend, LocalCounters } from './local-backend';

export interface EnvoyPoliciesOptions {
  policy: () => LivePolicy | undefined;
  callLog: CallLog;
  log: Logger;
  /** Where identities come from; undefined where nobody shows a certificate. */
  trust: Trust | undefined;
}

export interface EnvoyPolicies extends EnvoyPolicyService {
  readonly counters: { readonly envoy: EnvoyCounters; readonly local: LocalCounters };
  /** Resolves when the reports under way were taken in. */
  settled(): Promise<void>;
}

/** Envoy's own protocols for proxies without an agent: external authorization and access logs, decided by this Mixer. */
export function envoyPolicies(options: EnvoyPoliciesOptions): EnvoyPolicies {
  const { policy, callLog, log } = options;
  const counters = { envoy: new EnvoyCounters(), local: new LocalCounters() };
  const failures = new FailureLog(log);
  const services = new Map<string | undefined, EnvoyPolicyService>();
  const backends: LocalBackend[] = [];
  const serviceOf = (caller: Caller): EnvoyPolicyService => {
    let service = services.get(caller.namespace);
    if (service === undefined) {
      const backend = new LocalBackend({ policy, caller, callLog, log, failures, counters: counters.local });
      backends.push(backend);
      service = envoyPolicyService({ backend, local: localOf(caller), counters: counters.envoy, log });
      services.set(caller.namespace, service);
    }
    return service;
  };
  const of = (call: AuthenticatedCall): EnvoyPolicyService['handlers'] =>
    serviceOf(callerOf(call, options.trust)).handlers;
  return {
    methods: serviceOf({ namespace: undefined }).methods,
    handlers: {
      check: (request, call) => of(call).check(request, call),
      streamAccessLogs: (call) => of(call).streamAccessLogs(call),
    },
    counters,
    settled: async () => {
      await Promise.all(backends.map((backend) => backend.settled()));
    },
  };
}

/** What a proxy does not say of its workload is at least known to be of the namespace of its certificate. */
function localOf({ namespace }: Caller): EnvoyPolicyOptions['local'] {
  const named = (name: string): Attributes =>
    new Map(namespace === undefined ? [] : [[name, { type: 'STRING', value: namespace }]]);
  const inbound = named('destination.namespace');
  const outbound = named('source.namespace');
  return (direction) => (direction === 'inbound' ? inbound : outbound);
}
