import { Listener } from '@keelson/api/envoy/config/listener/v3/listener';
import { FilterChain } from '@keelson/api/envoy/config/listener/v3/listener_components';
import type { InboundPort, InboundScope } from '@keelson/core/mesh';
import { inboundListeners } from './inbound';

const inbound = (mtls: InboundPort['mtls'], interception: InboundScope['interception']): InboundScope => ({
  settings: { trustDomain: 'cluster.local', domainSuffix: 'cluster.local', rootNamespace: 'istio-system', config: {} },
  client: { kind: 'envoy', version: '1.40.0' },
  role: 'sidecar',
  namespace: 'default',
  interception,
  ports: [
    {
      port: 9080,
      name: 'http',
      protocol: 'HTTP',
      bind: interception === 'NONE' ? '127.1.0.2' : undefined,
      endpoint: '127.0.0.1:9080',
      service: undefined,
      policy: undefined,
      mtls,
    },
  ],
  passthroughMtls: mtls,
  policies: [],
});

describe('S35: from PERMISSIVE to STRICT', () => {
  it.each(['NONE', 'REDIRECT'] as const)('keeps what callers of the mesh use as it is (%s)', (interception) => {
    const [permissive, strict] = (['PERMISSIVE', 'STRICT'] as const).map((mode) =>
      Listener.decode(inboundListeners(inbound(mode, interception))[0]!.body),
    );
    const meshChains = (listener: Listener) =>
      listener
        .filterChains!.filter((chain) => chain.filterChainMatch?.applicationProtocols?.includes('istio'))
        .map((chain) => Buffer.from(FilterChain.encode(chain).finish()).toString('base64'));
    expect(meshChains(permissive!).length).toBeGreaterThan(0);
    expect(meshChains(strict!)).toEqual(meshChains(permissive!));
    // Envoy replaces single filter chains only where nothing else of the listener differs.
    expect({ ...strict, filterChains: [] }).toEqual({ ...permissive, filterChains: [] });
  });

  it('leaves no chain for plaintext', () => {
    const [listener] = inboundListeners(inbound('STRICT', 'NONE'));
    for (const chain of Listener.decode(listener!.body).filterChains ?? []) {
      expect(chain.filterChainMatch?.transportProtocol).toBe('tls');
      expect(chain.transportSocket?.name).toBe('envoy.transport_sockets.tls');
    }
  });
});
