import { createHash, X509Certificate } from 'node:crypto';
import { JsonView } from './json-view';

export type DumpSection = 'clusters' | 'listeners' | 'routes' | 'endpoints' | 'secret';

/** What a section of a config dump is called, and where its resources lie in it. */
interface SectionLayout {
  /** The end of the dump's type: `ClustersConfigDump`. */
  type: string;
  /** Lists of entries, and the path from an entry to its resource. */
  lists: readonly { list: string; path: readonly string[] }[];
  header: readonly string[];
  rows: (resource: JsonView) => string[][];
}

const layouts: Readonly<Record<DumpSection, SectionLayout>> = {
  clusters: {
    type: 'ClustersConfigDump',
    lists: [
      { list: 'staticClusters', path: ['cluster'] },
      { list: 'dynamicActiveClusters', path: ['cluster'] },
      { list: 'dynamicWarmingClusters', path: ['cluster'] },
    ],
    header: ['HOST', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'MADE BY'],
    rows: (cluster) => {
      const [direction, port, subset, host] = cluster.at('name').text.split('|');
      const type = cluster.at('type').text || 'EDS';
      const named = host !== undefined && direction !== undefined;
      return [
        named
          ? [host, port ?? '', subset ?? '', direction, type, madeBy(cluster)]
          : [cluster.at('name').text, '', '', '', type, madeBy(cluster)],
      ];
    },
  },
  listeners: {
    type: 'ListenersConfigDump',
    lists: [
      { list: 'staticListeners', path: ['listener'] },
      { list: 'dynamicListeners', path: ['activeState', 'listener'] },
    ],
    header: ['NAME', 'ADDRESS', 'PORT', 'CHAINS', 'MADE BY'],
    rows: (listener) => {
      const socket = listener.at('address', 'socketAddress');
      return [
        [
          listener.at('name').text,
          socket.at('address').text,
          socket.at('portValue').text,
          String(listener.at('filterChains').items.length),
          madeBy(listener),
        ],
      ];
    },
  },
  routes: {
    type: 'RoutesConfigDump',
    lists: [
      { list: 'staticRouteConfigs', path: ['routeConfig'] },
      { list: 'dynamicRouteConfigs', path: ['routeConfig'] },
    ],
    header: ['ROUTE CONFIGURATION', 'VIRTUAL HOST', 'DOMAINS', 'MATCH', 'TO', 'MADE BY'],
    rows: (config) =>
      config.at('virtualHosts').items.flatMap((host) => {
        const domains = host.at('domains').items.map(({ text }) => text);
        const shown =
          domains.length > 2 ? `${domains.slice(0, 2).join(', ')} +${domains.length - 2}` : domains.join(', ');
        return host
          .at('routes')
          .items.map((route) => [
            config.at('name').text,
            host.at('name').text,
            shown,
            matchText(route.at('match')),
            destinationText(route),
            madeBy(route),
          ]);
      }),
  },
  endpoints: {
    type: 'EndpointsConfigDump',
    lists: [
      { list: 'staticEndpointConfigs', path: ['endpointConfig'] },
      { list: 'dynamicEndpointConfigs', path: ['endpointConfig'] },
    ],
    header: ['CLUSTER', 'ADDRESS', 'HEALTH', 'WEIGHT'],
    rows: (assignment) =>
      assignment.at('endpoints').items.flatMap((locality) =>
        locality.at('lbEndpoints').items.map((endpoint) => {
          const socket = endpoint.at('endpoint', 'address', 'socketAddress');
          return [
            assignment.at('clusterName').text,
            `${socket.at('address').text}:${socket.at('portValue').text}`,
            endpoint.at('healthStatus').text || 'HEALTHY',
            endpoint.at('loadBalancingWeight').text || '1',
          ];
        }),
      ),
  },
  secret: {
    type: 'SecretsConfigDump',
    lists: [
      { list: 'staticSecrets', path: ['secret'] },
      { list: 'dynamicActiveSecrets', path: ['secret'] },
      { list: 'dynamicWarmingSecrets', path: ['secret'] },
    ],
    header: ['NAME', 'KIND', 'IDENTITY', 'SERIAL', 'NOT BEFORE', 'NOT AFTER'],
    rows: (secret) => [secretRow(secret)],
  },
};

/** The resources of one section of a config dump, private keys taken out. */
export function resourcesOf(dump: unknown, section: DumpSection): unknown[] {
  const { type, lists } = layouts[section];
  const parts = new JsonView(dump).at('configs').items.filter((part) => part.at('@type').text.endsWith(`.${type}`));
  return parts.flatMap((part) =>
    lists.flatMap(({ list, path }) =>
      part
        .at(list)
        .items.map((entry) => entry.at(...path))
        .filter(({ present }) => present)
        .map(({ value }) => withoutKeys(value)),
    ),
  );
}

/** Header and rows of a section, for people. */
export function rowsOf(
  resources: readonly unknown[],
  section: DumpSection,
): { header: readonly string[]; rows: string[][] } {
  const { header, rows } = layouts[section];
  return { header, rows: resources.flatMap((resource) => rows(new JsonView(resource))) };
}

/** The object that made a resource or a route: `VirtualService default/reviews`. */
function madeBy(part: JsonView): string {
  const path = part.at('metadata', 'filterMetadata', 'istio', 'config').text;
  const [, namespace, kind, name] = /namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return namespace && kind && name ? `${kind} ${namespace}/${name}` : path;
}

function matchText(match: JsonView): string {
  const paths: readonly [string, string][] = [
    ['prefix', '*'],
    ['path', ''],
    ['pathSeparatedPrefix', '/*'],
  ];
  const plain = paths.find(([key]) => match.at(key).present);
  const regex = match.at('safeRegex', 'regex').text;
  const path = plain ? `${match.at(plain[0]).text}${plain[1]}` : regex ? `~${regex}` : '*';
  const headers = match.at('headers').items.map((header) => header.at('name').text);
  return headers.length > 0 ? `${path} [${headers.join(', ')}]` : path;
}

function destinationText(route: JsonView): string {
  const action = route.at('route');
  const weighted = action.at('weightedClusters', 'clusters').items;
  if (weighted.length > 0)
    return weighted.map((cluster) => `${cluster.at('weight').text}% ${cluster.at('name').text}`).join(', ');
  if (action.present) return action.at('cluster').text;
  const direct = route.at('directResponse');
  if (direct.present) return `HTTP ${direct.at('status').text}`;
  return route.at('redirect').present ? 'redirect' : '';
}

function secretRow(secret: JsonView): string[] {
  const name = secret.at('name').text;
  const chain = secret.at('tlsCertificate', 'certificateChain');
  const trusted = secret.at('validationContext', 'trustedCa');
  const pem = decoded(chain.present ? chain : trusted);
  const kind = chain.present ? 'certificate' : trusted.present ? 'root' : '';
  try {
    const certificate = new X509Certificate(pem);
    const identity = certificate.subjectAltName?.replaceAll('URI:', '') ?? certificate.subject.replaceAll('\n', ', ');
    return [name, kind, identity, certificate.serialNumber, certificate.validFrom, certificate.validTo];
  } catch {
    return [name, kind || 'not there yet', '', '', '', ''];
  }
}

function decoded(source: JsonView): string {
  const bytes = source.at('inlineBytes').text;
  return bytes ? Buffer.from(bytes, 'base64').toString() : source.at('inlineString').text;
}

/** A copy in which each private key is replaced by a hash of it. */
function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'privateKey' || key === 'private_key' ? { redacted: hashOf(item) } : withoutKeys(item),
    ]),
  );
}

function hashOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)}`;
}
