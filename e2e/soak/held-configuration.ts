import { json } from '../harness/http';
import type { Workload } from '../harness';

/** What a proxy holds, or should hold. */
export interface Held {
  /** Versions by name. */
  clusters: Record<string, string>;
  /** Content by name: where only filter chains differ, Envoy takes the new ones and goes on telling the old version. */
  listeners: Record<string, unknown>;
  /** Names of route configurations: Envoy tells the version of the last response, not of what is in it. */
  routes: string[];
  /** Content of each virtual host, by `<route configuration>/<domains>`. */
  hosts: Record<string, unknown>;
  /** Addresses by cluster. */
  endpoints: Record<string, string[]>;
}

type Json = Record<string, unknown>;

interface Dump {
  configs: Json[];
}

/** What Envoy says that it has taken up. */
export async function heldByEnvoy(workload: Workload): Promise<Held> {
  const held = heldIn(camelCase(JSON.parse(await workload.admin.configDump('?include_eds'))) as Dump);
  const { cluster_statuses } = await json<{
    cluster_statuses: { name: string; host_statuses?: { address: Json }[] }[];
  }>(`http://${workload.address}:15000/clusters?format=json`);
  held.endpoints = Object.fromEntries(
    cluster_statuses
      .filter(({ name }) => name.startsWith('outbound|') && name in held.endpoints)
      .map(({ name, host_statuses = [] }) => [
        name,
        host_statuses.map(({ address }) => addressOf(camelCase(address) as Json)).sort(),
      ]),
  );
  return held;
}

/** What Pilot says that it has given. */
export async function givenByPilot(debug: string, node: string): Promise<Held> {
  return heldIn(camelCase(await json(`${debug}/debug/config_dump?proxyID=${encodeURIComponent(node)}`)) as Dump);
}

function heldIn({ configs }: Dump): Held {
  const held: Held = { clusters: {}, listeners: {}, routes: [], hosts: {}, endpoints: {} };
  const all = (key: string): Json[] => configs.flatMap((config) => (config[key] as Json[] | undefined) ?? []);
  for (const { cluster, versionInfo } of all('dynamicActiveClusters'))
    held.clusters[nameOf(cluster)] = String(versionInfo);
  for (const { cluster } of all('dynamicWarmingClusters')) held.clusters[nameOf(cluster)] = 'warming';
  for (const listener of all('dynamicListeners')) {
    const { name, activeState, warmingState, errorState } = listener as { name: string } & Record<
      'activeState' | 'warmingState' | 'errorState',
      Json | undefined
    >;
    if (!activeState && !warmingState && !errorState) continue; // draining
    held.listeners[name] = warmingState ? 'warming' : (errorState ?? activeState?.listener);
  }
  for (const { routeConfig } of all('dynamicRouteConfigs')) {
    const { name, virtualHosts = [] } = routeConfig as { name: string; virtualHosts?: Json[] };
    held.routes.push(name);
    for (const host of virtualHosts) held.hosts[`${name} ${JSON.stringify(host.domains)}`] = host;
  }
  for (const { endpointConfig } of all('dynamicEndpointConfigs')) {
    const { clusterName, endpoints = [] } = endpointConfig as {
      clusterName: string;
      endpoints?: { lbEndpoints?: { endpoint: { address: Json } }[] }[];
    };
    held.endpoints[clusterName] = endpoints
      .flatMap(({ lbEndpoints = [] }) => lbEndpoints.map(({ endpoint }) => addressOf(endpoint.address)))
      .sort();
  }
  held.routes.sort();
  return held;
}

function nameOf(resource: unknown): string {
  return String((resource as Json).name);
}

function addressOf(address: Json): string {
  const { socketAddress } = address as { socketAddress?: { address: string; portValue: number } };
  return socketAddress ? `${socketAddress.address}:${socketAddress.portValue}` : JSON.stringify(address);
}

/** Envoy writes the names of fields as in the `.proto` file, Pilot as JSON has them. */
function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      /^[a-z0-9_]+$/.test(key) ? key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : key,
      camelCase(inner),
    ]),
  );
}
