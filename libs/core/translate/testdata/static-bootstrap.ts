import type { JsonObject, JsonValue } from '@keelson/api';

/** What a `case.out.yaml` holds. */
export type Golden = Partial<Record<'cluster' | 'endpoint' | 'listener' | 'route' | 'virtualHost', { resource: JsonObject }[]>>;

const ofType = (name: string) => `type.googleapis.com/${name}`;
const managerName = 'envoy.filters.network.http_connection_manager';
const managerType = ofType('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
const routerType = ofType('envoy.extensions.filters.http.router.v3.Router');

/** A bootstrap that asks nobody for anything that the resources of a case are: for `--mode validate`. */
export function validationBootstrap(golden: Golden): JsonObject {
  const listeners = resources(golden, 'listener');
  const checks = routeConfigs(golden).map((route, i) => routeListener(route, 20_000 + i));
  const assignments = resources(golden, 'endpoint').map((assignment, i) => ({
    name: `assignment-${String(i)}`,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: assignment,
  }));
  return {
    node: { id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local', cluster: 'test' },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
      },
    },
    staticResources: {
      clusters: [controlPlane('xds-grpc'), controlPlane('sds-grpc'), ...resources(golden, 'cluster'), ...assignments],
      listeners: [...listeners, ...checks],
    },
  };
}

/**
 * A bootstrap that serves the resources of a case as they are, without a control plane. With `secrets`, those are what
 * an agent would serve; without, nothing speaks TLS to an upstream.
 */
export function servingBootstrap(golden: Golden, admin: string, secrets: JsonObject[] = []): JsonObject {
  const assignments = new Map(resources(golden, 'endpoint').map((each) => [each['clusterName'], each]));
  const routes = new Map(routeConfigs(golden).map((route) => [route['name'], route]));
  const clusters = resources(golden, 'cluster').map((cluster) => {
    if (cluster['type'] !== 'EDS') return cluster;
    const plain = secrets.length === 0 ? without(cluster, 'transportSocketMatches') : cluster;
    return {
      ...without(plain, 'edsClusterConfig'),
      type: 'STATIC',
      loadAssignment: assignments.get(cluster['name'] ?? '') ?? {},
    };
  });
  const inline = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const name = value['rds'] === undefined ? undefined : (value['rds'] as JsonObject)['routeConfigName'];
    // A secret without a source is one of the bootstrap's own.
    const rest = without(value, 'rds', 'sdsConfig');
    const body = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, inline(item)]));
    return name === undefined ? body : { ...body, routeConfig: routes.get(name) ?? {} };
  };
  return {
    node: { id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local', cluster: 'test' },
    admin: { address: { pipe: { path: admin } } },
    staticResources: { secrets, clusters: clusters.map(inline), listeners: resources(golden, 'listener').map(inline) },
  };
}

function resources(golden: Golden, kind: keyof Golden): JsonObject[] {
  return (golden[kind] ?? []).map(({ resource }) => resource);
}

/** Route configurations with their virtual hosts inside. */
function routeConfigs(golden: Golden): JsonObject[] {
  const hosts = resources(golden, 'virtualHost');
  const nameOf = (host: JsonObject) => host['name'] as string;
  const named = new Set(resources(golden, 'route').map((route) => nameOf(route)));
  const nameless = hosts.map((host) => nameOf(host).slice(0, nameOf(host).lastIndexOf('/'))).filter((rc) => !named.has(rc));
  const all = [...resources(golden, 'route'), ...[...new Set(nameless)].map((name): JsonObject => ({ name, validateClusters: false }))];
  return all.map((route) => ({
    ...without(route, 'vhds'),
    virtualHosts: [
      ...((route['virtualHosts'] as JsonObject[] | undefined) ?? []),
      ...hosts.filter((host) => nameOf(host).slice(0, nameOf(host).lastIndexOf('/')) === route['name']),
    ],
  }));
}

function without(object: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function routeListener(routeConfig: JsonObject, port: number): JsonObject {
  return {
    name: `check-${String(port)}`,
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      {
        filters: [
          {
            name: managerName,
            typedConfig: {
              '@type': managerType,
              statPrefix: 'check',
              routeConfig,
              httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: { '@type': routerType } }],
            },
          },
        ],
      },
    ],
  };
}

function controlPlane(name: string): JsonObject {
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': ofType('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: 1 } } } }] },
      ],
    },
  };
}
