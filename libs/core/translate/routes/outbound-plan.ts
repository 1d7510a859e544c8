import { CaptureMode, type IstioEgressListener } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { Scope, Service } from '@keelson/core/mesh';
import { isRange, withoutPrefix } from '../address';
import { isHttp, protocolOf } from '../protocol';
import type { RouteConfigPlan } from './plan';

/**
 * What one port of a service adds to the outbound side of a captured sidecar. Pieces of one listener name meet in one
 * listener: if any has a plan, the listener is HTTP and `listener(scope, plan)` makes it (the plans are equal);
 * otherwise `tcpListener(scope, service, port)` of the oldest service does.
 */
export interface OutboundPiece {
  listener: string;
  port: number;
  plan?: RouteConfigPlan;
}

/**
 * The pieces of a service for a scope whose outbound traffic is captured; none where nothing is captured, nor for a
 * listener that the Sidecar lists itself: as on Istio that one serves what it imports, and nothing else.
 */
export function outboundPieces(scope: Scope, service: Service): OutboundPiece[] {
  if (scope.role !== 'sidecar' || scope.interception === 'NONE') return [];
  const listed = new Set((scope.sidecar?.spec.egress ?? []).map((egress) => placeOf(scope, egress)?.name));
  return service.ports
    .filter((port) => port.protocol !== 'UDP')
    .flatMap((port): OutboundPiece[] => {
      if (isHttp(port.protocol)) {
        const plan = sharedPlan(port.number);
        return [{ listener: plan.listener, port: port.number, plan }];
      }
      return tcpAddresses(service).map((address) => ({ listener: `${address}_${port.number}`, port: port.number }));
    })
    .filter((piece) => !listed.has(piece.listener));
}

/** Where a TCP port of a service is listened for: its own addresses, else (none, or whole ranges) every address. */
function tcpAddresses(service: Service): string[] {
  const single = service.addresses.filter((address) => !isRange(address)).map(withoutPrefix);
  if (single.length < service.addresses.length || single.length === 0) single.push('0.0.0.0');
  return [...new Set(single)].sort();
}

/** The plans of the Sidecar's egress listeners that have a port, in their order. */
export function egressPlans(scope: Scope): RouteConfigPlan[] {
  const captured = scope.interception !== 'NONE';
  return (scope.sidecar?.spec.egress ?? []).flatMap((egress): RouteConfigPlan[] => {
    const place = placeOf(scope, egress);
    if (place === undefined) return [];
    const { name, bind, port } = place;
    const hosts = scope
      .servicesOf(egress)
      .filter((service) => service.ports.some((candidate) => candidate.number === port))
      .map((service) => service.hostname)
      .sort();
    const bindToPort = !captured || egress.captureMode === CaptureMode.NONE;
    // Captured traffic may be meant for an address outside the mesh: there Host always decides.
    const only = hosts.length === 1 && bindToPort ? hosts[0] : undefined;
    return [
      {
        name,
        listener: name,
        kind: 'egress',
        protocol: isHttp(protocolOf(egress.port?.protocol)) ? 'http' : 'tcp',
        bind,
        port,
        bindToPort,
        ...(only === undefined ? {} : { anyHost: only }),
        hosts,
        imports: egress.hosts ?? [],
      },
    ];
  });
}

/** Where an egress listener listens, and the name that it has by that; nothing for one without a port. */
function placeOf(
  scope: Scope,
  egress: IstioEgressListener,
): Pick<RouteConfigPlan, 'name' | 'bind' | 'port'> | undefined {
  const port = egress.port?.number ?? 0;
  if (port === 0) return undefined;
  const usual = scope.interception === 'NONE' ? '127.0.0.1' : '0.0.0.0';
  const bind = egress.bind === undefined || egress.bind === '' ? usual : egress.bind;
  return { name: `${bind.replaceAll('/', '_')}_${port}`, bind, port };
}

function sharedPlan(port: number): RouteConfigPlan {
  const listener = `0.0.0.0_${port}`;
  return { name: String(port), listener, kind: 'outbound', protocol: 'http', bind: '0.0.0.0', port, bindToPort: false };
}
