import { Struct } from '@keelson/api/google/protobuf/struct';
import type { JsonObject } from '@keelson/api';
import { defineKind, type KindDefinition } from '../../kind';
import { policy } from '../groups';

/** The kinds named after a template or an adapter that Mixer had before `instance` and `handler`, with their plurals. */
const names: Readonly<Record<string, string>> = {
  apikey: 'apikeys',
  authorization: 'authorizations',
  bypass: 'bypasses',
  checknothing: 'checknothings',
  circonus: 'circonuses',
  cloudwatch: 'cloudwatches',
  denier: 'deniers',
  dogstatsd: 'dogstatsds',
  edge: 'edges',
  fluentd: 'fluentds',
  kubernetes: 'kuberneteses',
  kubernetesenv: 'kubernetesenvs',
  listchecker: 'listcheckers',
  listentry: 'listentries',
  logentry: 'logentries',
  memquota: 'memquotas',
  metric: 'metrics',
  noop: 'noops',
  opa: 'opas',
  prometheus: 'prometheuses',
  quota: 'quotas',
  rbac: 'rbacs',
  redisquota: 'redisquotas',
  reportnothing: 'reportnothings',
  signalfx: 'signalfxs',
  solarwinds: 'solarwindses',
  stackdriver: 'stackdrivers',
  statsd: 'statsds',
  stdio: 'stdios',
  tracespan: 'tracespans',
  zipkin: 'zipkins',
};

/**
 * Templates' and adapters' own kinds: the spec is what an `instance` or `handler` has as params. Which of them can be
 * used is judged with the rules.
 */
export const oldPolicyKinds: readonly KindDefinition[] = Object.entries(names).map(([kind, plural]) =>
  defineKind<JsonObject>({
    ...policy,
    kind,
    plural,
    collection: `istio/config/v1alpha2/legacy/${plural}`,
    typeName: 'google.protobuf.Struct',
    served: {},
    decode: (bytes) => Struct.unwrap(Struct.decode(bytes)),
    validate: () => undefined,
  }),
);
