import type { PolicyDecision } from '../backend';
import { statusText } from './status';
import type { Metadata } from './facts';

/** The filters under whose names Envoy keeps what a check answered, for its access log. */
const filters = ['envoy.filters.http.ext_authz', 'envoy.filters.network.ext_authz'] as const;

/** What a decision leaves in Envoy's metadata, so that the access log can tell of it. */
export function checkMetadata({ answer, checkCacheHit, quotaCacheHit }: PolicyDecision): Record<string, unknown> {
  return {
    'check.cache_hit': checkCacheHit,
    ...(quotaCacheHit !== undefined && { 'quota.cache_hit': quotaCacheHit }),
    ...(answer.code !== 0 && { 'check.error_code': answer.code, 'check.error_message': statusText(answer) }),
  };
}

/** What a check left in Envoy's metadata under a name. */
export function checkResult(metadata: Metadata, name: string): unknown {
  for (const filter of filters) {
    const value = metadata[filter]?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}
