import { binaryToJson, jsonToBinary, type JsonObject } from '@keelson/api';
import { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { DestinationRule } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Gateway } from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { IstioEgressListener, Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { AuthorizationPolicy } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { PolicyDemand } from '@keelson/core/policy';
import { fullHostName, kindByName, resolveGatewayName, type MeshObject } from '@keelson/core/config';
import { hostCovers, type Endpoint, type InboundPort, type InboundScope, type Scope, type Service } from '@keelson/core/mesh';
import {
  clusters,
  egressPlans,
  gatewayListeners,
  gatewayPlans,
  gatewayVirtualHost,
  inboundClusters,
  inboundListeners,
  listener,
  loadAssignments,
  outboundPieces,
  routeConfig,
  staticClusters,
  staticListeners,
  tcpListener,
  typeUrls,
  virtualHost,
  type Built,
  type OutboundPiece,
  type Place,
  type RouteConfigPlan,
} from '..';
import { grpcClusters } from '../grpc/clusters';
import { grpcLoadAssignments } from '../grpc/endpoints';
import { grpcListeners } from '../grpc/listeners';
import { grpcRouteConfigs } from '../grpc/route-configs';
import { asksByName } from '../listeners/service-chains';

type Case<T> = Partial<Omit<T, 'source'>>;

/** What stands in a `case.in.yaml`. */
export interface CaseInput {
  proxy?: { role?: Scope['role']; namespace?: string; interception?: Scope['interception']; locality?: string; client?: 'envoy' | 'grpc'; mixerClient?: boolean };
  meshConfig?: JsonObject;
  trustDomain?: string;
  services?: (Case<Service> & { hostname: string; endpoints?: Case<Endpoint>[]; identities?: string[] })[];
  objects?: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string }; spec: JsonObject }[];
  /** What belongs to the workload itself, where the case is about it. */
  inbound?: { ports: (Case<Omit<InboundPort, 'service'>> & { service?: string })[]; passthroughMtls?: InboundPort['mtls'] };
  /** What Mixer's rules want of requests that go out, where an agent speaks to Mixer for the proxy. */
  mixer?: { outbound?: PolicyDemand };
  /** Which kinds of resources the case shows; all without it. */
  show?: (keyof typeof typeUrls)[];
}

/** All resources that a case makes, by kind. */
export type CaseOutput = Record<keyof typeof typeUrls, Built[]>;

/** A scope over what a case lists, with every question answered by looking through it. */
export function caseScope(input: CaseInput): Scope {
  const services = (input.services ?? []).map(serviceOf);
  const objects = <T>(kind: string) => objectsOf<T>(input, kind);
  const namespace = input.proxy?.namespace ?? 'default';
  const fullName = (host: string, from: string) => fullHostName(host, from, 'cluster.local');
  const hostsOf = (rule: MeshObject<VirtualService>) => (rule.spec.hosts ?? []).map((host) => fullName(host, rule.namespace));
  const boundTo = (gateway: string) =>
    objects<VirtualService>('VirtualService').filter((rule) => {
      const gateways = (rule.spec.gateways ?? []).map((name) => resolveGatewayName(name, rule.namespace));
      return gateways.length === 0 ? gateway === 'mesh' : gateways.includes(gateway);
    });
  const endpointsOf = (service: Service) =>
    (input.services?.find(({ hostname }) => hostname === service.hostname)?.endpoints ?? []).map(endpointOf);
  return {
    role: input.proxy?.role ?? 'sidecar',
    client: { kind: input.proxy?.client ?? 'envoy', version: '1.40.0', ...(input.mixer && { mixerClient: input.proxy?.mixerClient !== false }) },
    namespace,
    interception: input.proxy?.interception ?? 'REDIRECT',
    settings: settingsOf(input),
    sidecar: objects<Sidecar>('Sidecar')[0],
    gateways: objects<Gateway>('Gateway'),
    policies: input.proxy?.role === 'router' ? objects<AuthorizationPolicy>('AuthorizationPolicy') : [],
    service: (hostname) => services.find((service) => service.hostname === hostname),
    services: () => services,
    servicesOf: (egress) => services.filter((service) => imports(egress, service, fullName, namespace)),
    virtualServices: (gateway, hostname) => {
      const found = boundTo(gateway).filter((rule) => hostsOf(rule).some((host) => hostCovers(host, hostname)));
      return gateway === 'mesh' ? found.slice(0, 1) : found;
    },
    boundTo,
    destinationRule: (hostname) =>
      objects<DestinationRule>('DestinationRule').find(
        (rule) => fullName(rule.spec.host ?? '', rule.namespace) === hostname,
      ),
    endpoints: endpointsOf,
    identities: (service) => input.services?.find(({ hostname }) => hostname === service.hostname)?.identities ?? [],
    takesMutualTls: (service) =>
      endpointsOf(service).some(({ mutualTls }) => mutualTls) ||
      (input.services?.find(({ hostname }) => hostname === service.hostname)?.identities ?? []).length > 0,
    reports: () => input.mixer?.outbound,
    tells: input.mixer !== undefined && input.proxy?.mixerClient !== false,
    fullName,
  };
}

/** Everything that translation makes of a case. */
export function translateCase(input: CaseInput): CaseOutput {
  const scope = caseScope(input);
  const place = { network: '', locality: input.proxy?.locality ?? '' };
  if (scope.client.kind === 'grpc') return grpcResources(scope, place);
  const made = scope.role === 'router' ? routerResources(scope) : sidecarResources(scope);
  const inbound = inboundOf(input, scope);
  return {
    cluster: [
      ...staticClusters(scope),
      ...scope.services().flatMap((service) => clusters(scope, service)),
      ...(inbound === undefined ? [] : inboundClusters(inbound)),
    ],
    endpoint: scope.services().flatMap((service) => loadAssignments(scope, service, place)),
    listener: [...made.listener, ...(inbound === undefined ? [] : inboundListeners(inbound))],
    route: made.plans.map((plan) => routeConfig(scope, plan)),
    virtualHost: made.virtualHost,
  };
}

function grpcResources(scope: Scope, place: Place): CaseOutput {
  const services = scope.services();
  return {
    cluster: services.flatMap((service) => grpcClusters(scope, service)),
    endpoint: services.flatMap((service) => grpcLoadAssignments(scope, service, place)),
    listener: services.flatMap((service) => grpcListeners(scope, service)),
    route: services.flatMap((service) => grpcRouteConfigs(scope, service)),
    virtualHost: [],
  };
}

/** A case's resources as they stand in `case.out.yaml`: canonical JSON, and beside it what else is known of them. */
export function readable(kind: keyof typeof typeUrls, built: Built): JsonObject {
  const typeName = typeUrls[kind].slice('type.googleapis.com/'.length);
  return {
    ...(built.provenance === undefined ? {} : { provenance: built.provenance }),
    ...(built.needs === undefined ? {} : { needs: built.needs }),
    resource: binaryToJson(typeName, built.body),
  };
}

/** A case's resources as a `case.out.yaml` would hold them. */
export function goldenOf(input: CaseInput): Record<keyof typeof typeUrls, { resource: JsonObject }[]> {
  const made = translateCase(input);
  const of = (kind: keyof typeof typeUrls) =>
    made[kind].map((built) => ({ resource: readable(kind, built)['resource'] as JsonObject }));
  return {
    cluster: of('cluster'),
    endpoint: of('endpoint'),
    listener: of('listener'),
    route: of('route'),
    virtualHost: of('virtualHost'),
  };
}

interface Made {
  listener: Built[];
  plans: RouteConfigPlan[];
  virtualHost: Built[];
}

function sidecarResources(scope: Scope): Made {
  const explicit = egressPlans(scope);
  const meetings = new Map<string, { piece: OutboundPiece; services: Service[] }>();
  const portless = (scope.sidecar?.spec.egress ?? []).filter((egress) => (egress.port?.number ?? 0) === 0);
  const open = scope.sidecar === undefined ? scope.services() : portless.flatMap((egress) => scope.servicesOf(egress));
  for (const service of open)
    for (const piece of outboundPieces(scope, service))
    {
      const services = [...(meetings.get(piece.listener)?.services ?? []), service];
      const known = meetings.get(piece.listener)?.piece;
      meetings.set(piece.listener, { piece: known?.plan === undefined ? piece : known, services });
    }
  const met = [...meetings.values()];
  const namedAt = (plan: RouteConfigPlan) =>
    met
      .filter(({ piece }) => piece.plan === plan)
      .flatMap(({ services }) => services.filter((service) => asksByName(service, plan.port)));
  const shared = met.flatMap(({ piece }) => (piece.plan === undefined ? [] : [piece.plan]));
  const plans = [...explicit, ...shared];
  return {
    listener: [
      ...staticListeners(scope),
      ...plans.map((plan) => listener(scope, plan, namedAt(plan))),
      ...met.flatMap(({ piece, services }) => (piece.plan === undefined ? [tcpListener(scope, services, piece)] : [])),
    ],
    plans: plans.filter((plan) => plan.protocol === 'http'),
    virtualHost: plans.flatMap((plan) =>
      scope
        .services()
        .filter((service) => plan.hosts === undefined || plan.hosts.includes(service.hostname))
        .flatMap((service) => virtualHost(scope, plan, service) ?? []),
    ),
  };
}

function routerResources(scope: Scope): Made {
  const plans = gatewayPlans(scope);
  return {
    listener: gatewayListeners(scope),
    plans,
    virtualHost: plans.flatMap((plan) => (plan.hosts ?? []).flatMap((host) => gatewayVirtualHost(scope, plan, host) ?? [])),
  };
}

function inboundOf(input: CaseInput, scope: Scope): InboundScope | undefined {
  if (input.inbound === undefined) return undefined;
  const { settings, client, role, namespace, interception } = scope;
  return {
    settings,
    client,
    role,
    namespace,
    interception,
    ports: input.inbound.ports.map(({ service, ...port }) => ({
      port: 9080,
      name: 'http',
      protocol: 'HTTP',
      bind: undefined,
      endpoint: `127.0.0.1:${String(port.port ?? 9080)}`,
      mtls: 'PERMISSIVE',
      policy: undefined,
      ...port,
      service: service === undefined ? undefined : scope.service(service),
    })),
    passthroughMtls: input.inbound.passthroughMtls ?? 'PERMISSIVE',
    policies: objectsOf<AuthorizationPolicy>(input, 'AuthorizationPolicy'),
  };
}

function settingsOf(input: CaseInput) {
  const config = MeshConfig.decode(jsonToBinary('istio.mesh.v1alpha1.MeshConfig', input.meshConfig ?? {}));
  return { trustDomain: input.trustDomain ?? 'cluster.local', domainSuffix: 'cluster.local', rootNamespace: 'istio-system', config };
}

function serviceOf(given: NonNullable<CaseInput['services']>[number]): Service {
  const namespace = given.namespace ?? 'default';
  return {
    hostname: given.hostname,
    namespace,
    addresses: given.addresses ?? [],
    ports: (given.ports ?? []).map((port) => ({ ...port, targetPort: (port as Partial<typeof port>).targetPort ?? 0 })),
    location: given.location ?? 'mesh',
    resolution: given.resolution ?? 'static',
    exportTo: given.exportTo ?? ['*'],
    subjectAltNames: given.subjectAltNames ?? [],
    source: { kind: 'ServiceEntry', namespace, name: given.hostname.split('.')[0] ?? '', revision: 'fs-1' },
    created: given.created ?? 0,
  };
}

function endpointOf(given: Case<Endpoint>): Endpoint {
  return {
    address: '10.0.0.1',
    ports: {},
    labels: {},
    namespace: 'default',
    identity: '',
    mutualTls: false,
    network: '',
    locality: '',
    weight: 1,
    health: 'healthy',
    ...given,
  };
}

function objectsOf<T>(input: CaseInput, kind: string): MeshObject<T>[] {
  return (input.objects ?? [])
    .filter((object) => object.kind === kind)
    .map((object, created) => {
      const definition = kindByName(kind);
      if (definition === undefined) throw new Error(`no kind ${kind}`);
      return {
        apiVersion: object.apiVersion,
        kind,
        namespace: object.metadata.namespace ?? 'default',
        name: object.metadata.name,
        labels: {},
        annotations: {},
        revision: 'fs-1',
        created,
        spec: definition.decode(jsonToBinary(definition.typeName, object.spec)) as T,
      };
    });
}

function imports(
  egress: IstioEgressListener,
  service: Service,
  fullName: Scope['fullName'],
  namespace: string,
): boolean {
  return (egress.hosts ?? []).some((text) => {
    const [from = '*', host = '*'] = text.split('/');
    const home = from === '.' ? namespace : from;
    if (home !== '*' && home !== service.namespace) return false;
    return hostCovers(fullName(host, home === '*' ? namespace : home), service.hostname);
  });
}
