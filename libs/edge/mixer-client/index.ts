export type { PolicyBackend, PolicyDecision } from './backend';
export { ClientCounters } from './counters';
export { ipBytes } from './envoy/addresses';
export { EnvoyCounters } from './envoy/counters';
export type { EnvoyPolicyOptions } from './envoy/ext-authz';
export { addEnvoyPolicy, envoyPolicyService, type EnvoyPolicyService } from './envoy/service';
export { FailureLog } from './failure-log';
export { RemoteBackend } from './remote-backend';
