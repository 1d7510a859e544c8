import type { InboundPort, InboundScope } from '@keelson/core/mesh';
import { TrafficDirection } from '@keelson/api/envoy/config/core/v3/base';
import type { FilterChain } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { refusedConnectionsLog } from '../access-log';
import { endpointAddress, socketAddress } from '../address';
import type { Built } from '../built';
import { isZero, seconds } from '../durations';
import { byName } from '../order';
import { provenanceOf } from '../provenance';
import { encodeListener, originalDst, tlsInspector } from './encode';
import { passthroughChains, portChains } from './inbound-chains';

const inboundPort = 15006;

/**
 * What a workload serves: a listener for each port that it binds itself, `<bind>_<port>`, and `virtualInbound` for what
 * is captured.
 */
export function inboundListeners(inbound: InboundScope): Built[] {
  const ports = inbound.ports.filter((port) => port.protocol !== 'UDP');
  const captured = inbound.interception === 'NONE' ? [] : ports.filter((port) => port.bind === undefined);
  const bound = ports.flatMap((port) => (port.bind === undefined ? [] : [boundListener(inbound, port, port.bind)]));
  const all =
    inbound.role === 'router' || inbound.interception === 'NONE'
      ? bound
      : [...bound, virtualInbound(inbound, captured)];
  return all.sort((a, b) => byName(a.name, b.name));
}

function boundListener(inbound: InboundScope, port: InboundPort, bind: string): Built {
  const chains = portChains(inbound, port, false);
  return encodeListener(
    {
      name: `${bind}_${port.port}`,
      address: endpointAddress(bind, port.port),
      filterChains: chains,
      trafficDirection: TrafficDirection.INBOUND,
      ...inspected(inbound, chains),
      accessLog: refusedConnectionsLog(inbound.settings.config),
    },
    provenanceOf([port.service?.source, ...inbound.policies]),
  );
}

function virtualInbound(inbound: InboundScope, ports: readonly InboundPort[]): Built {
  const { config } = inbound.settings;
  const port =
    (config.proxyInboundListenPort ?? 0) === 0 ? inboundPort : (config.proxyInboundListenPort ?? inboundPort);
  return encodeListener(
    {
      name: 'virtualInbound',
      address: socketAddress('0.0.0.0', port),
      filterChains: [
        ...passthroughChains(inbound, port),
        ...[...ports].sort((a, b) => a.port - b.port).flatMap((each) => portChains(inbound, each, true)),
      ],
      listenerFilters: [originalDst, tlsInspector],
      ...impatient(inbound),
      trafficDirection: TrafficDirection.INBOUND,
      ...(inbound.interception === 'TPROXY' ? { transparent: true } : {}),
      accessLog: refusedConnectionsLog(config),
    },
    provenanceOf([...ports.map((each) => each.service?.source), ...inbound.policies]),
  );
}

/** Looking into a connection costs a moment, and waits for its first bytes: only where chains differ by them. */
function inspected(inbound: InboundScope, chains: readonly FilterChain[]) {
  return chains.some((chain) => chain.filterChainMatch?.transportProtocol !== undefined)
    ? { listenerFilters: [tlsInspector], ...impatient(inbound) }
    : {};
}

/** A caller that stays silent is taken for plaintext after a while: its server speaks first. */
function impatient(inbound: InboundScope) {
  const asked = inbound.settings.config.protocolDetectionTimeout;
  const timeout = asked === undefined || isZero(asked) ? seconds(5) : asked;
  return { listenerFiltersTimeout: timeout, continueOnListenerFiltersTimeout: true };
}
