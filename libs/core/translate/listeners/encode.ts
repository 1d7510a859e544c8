import { Listener } from '@keelson/api/envoy/config/listener/v3/listener';
import type { ListenerFilter } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { OriginalDst } from '@keelson/api/envoy/extensions/filters/listener/original_dst/v3/original_dst';
import { TlsInspector } from '@keelson/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector';
import type { Built } from '../built';
import { typedConfig } from '../wire';

/** Encodes a listener. */
export function encodeListener(listener: Listener, provenance: { provenance?: string } = {}): Built {
  return { name: listener.name ?? '', body: Listener.encode(listener).finish(), ...provenance };
}

/** Looks whether a connection is TLS, and what its first message asks for. */
export const tlsInspector: ListenerFilter = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: typedConfig('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', TlsInspector, {}),
};

/** Finds where a captured connection was going. */
export const originalDst: ListenerFilter = {
  name: 'envoy.filters.listener.original_dst',
  configType: typedConfig('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', OriginalDst, {}),
};
