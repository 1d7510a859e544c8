import type { Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import { CaptureMode } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { Transport } from './mixer-rules';
import type { MeshModel } from './model';
import type { ProxyNode } from './proxy';
import type { InboundPort, InboundScope } from './scope';
import { protocolOf } from './service-entry';
import { isHttp, type Service } from './service';

/** What a sidecar takes in: the ports of its Sidecar's ingress listeners, or else those of its services. */
export function inboundScope(model: MeshModel, node: ProxyNode): InboundScope {
  const { policies } = model;
  const services = model.services.servicesAt(node.address, node.namespace);
  const sidecar = policies.sidecarFor(node.namespace, node.labels);
  const listed = sidecar?.spec.ingress ?? [];
  const ports = listed.length > 0 ? listenedPorts(model, node, listed, services) : servedPorts(model, node, services);
  return {
    settings: model.settings,
    client: node.client,
    role: node.role,
    namespace: node.namespace,
    interception: node.interception,
    ports: node.role === 'router' ? [] : ports,
    passthroughMtls: policies.mtlsMode(node.namespace, node.labels),
    policies: policies.authorizationFor(node.namespace, node.labels),
  };
}

type Ingress = NonNullable<Sidecar['ingress']>[number];

function listenedPorts(
  model: MeshModel,
  node: ProxyNode,
  ingress: readonly Ingress[],
  services: readonly Service[],
): InboundPort[] {
  return ingress.map((listener) => {
    const port = listener.port?.number ?? 0;
    const bound = node.interception === 'NONE' || listener.captureMode === CaptureMode.NONE;
    const protocol = protocolOf(listener.port?.protocol);
    const service = serviceOn(model, node, services, port);
    return {
      port,
      name: listener.port?.name ?? '',
      protocol,
      bind: listener.bind ? listener.bind : bound ? node.address : undefined,
      endpoint: instanceAddress(listener.defaultEndpoint, node, port),
      service,
      mtls: model.policies.mtlsMode(node.namespace, node.labels, port),
      policy: model.mixer.inbound(node, service, transportOf(protocol)),
    };
  });
}

/** `defaultEndpoint` as written, where `0.0.0.0` stands for the address of the instance; without one, loopback. */
function instanceAddress(endpoint: string | undefined, node: ProxyNode, port: number): string {
  if (!endpoint) return `127.0.0.1:${String(port)}`;
  return endpoint.startsWith('0.0.0.0:') ? `${node.address}${endpoint.slice('0.0.0.0'.length)}` : endpoint;
}

function servedPorts(model: MeshModel, node: ProxyNode, services: readonly Service[]): InboundPort[] {
  const ports = new Map<number, InboundPort>();
  for (const service of services)
    for (const port of service.ports) {
      const number = instancePort(model, node, service, port.name);
      if (number === undefined || ports.has(number)) continue;
      ports.set(number, {
        port: number,
        name: port.name,
        protocol: port.protocol,
        bind: node.interception === 'NONE' ? node.address : undefined,
        endpoint: `127.0.0.1:${String(number)}`,
        service,
        mtls: model.policies.mtlsMode(node.namespace, node.labels, number),
        policy: model.mixer.inbound(node, service, transportOf(port.protocol)),
      });
    }
  return [...ports.values()].sort((a, b) => a.port - b.port);
}

function transportOf(protocol: InboundPort['protocol']): Transport {
  return isHttp(protocol) ? 'http' : 'tcp';
}

function serviceOn(
  model: MeshModel,
  node: ProxyNode,
  services: readonly Service[],
  number: number,
): Service | undefined {
  return services.find((service) =>
    service.ports.some((port) => instancePort(model, node, service, port.name) === number),
  );
}

function instancePort(model: MeshModel, node: ProxyNode, service: Service, portName: string): number | undefined {
  return model.services.endpoints(service).find((endpoint) => endpoint.address === node.address)?.ports[portName];
}
