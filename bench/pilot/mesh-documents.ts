/** Kinds of documents, each in a file of its own. */
export type DocumentKind = 'serviceentries' | 'virtualservices' | 'destinationrules';
export type Documents = Record<DocumentKind, string[]>;

export const changeKinds = ['route', 'endpoint', 'service'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** One change of the mesh. */
export interface MeshChange {
  readonly file: DocumentKind;
  /** Which document is replaced; the one behind the last is new. */
  readonly index: number;
  readonly document: string;
  /** A text by which a response that holds the change is known. */
  readonly mark: string;
}

const endpoints = 4;
const serviceName = (i: number): string => `svc-${i.toString().padStart(5, '0')}`;
const hostOf = (service: string): string => `${service}.default.svc.cluster.local`;

/**
 * A mesh of so many services of 4 endpoints, all of one namespace, with a VirtualService each and a DestinationRule on every
 * fifth: the one that the anchors were measured with.
 */
export function meshDocuments(services: number): Documents {
  const all = Array.from({ length: services }, (_, i) => i);
  return {
    serviceentries: all.map((i) => serviceEntry(serviceName(i), i)),
    virtualservices: all.map((i) => virtualService(i, services, 'none')),
    destinationrules: all.filter(hasRule).map(destinationRule),
  };
}

const hasRule = (i: number): boolean => i % 5 === 0;

/** The k-th change of a kind. */
export function meshChange(kind: ChangeKind, k: number, services: number): MeshChange {
  const i = (k * 37 + 11) % services;
  switch (kind) {
    case 'route': {
      const mark = `marked-${k.toString().padStart(4, '0')}-end`;
      return { file: 'virtualservices', index: i, document: virtualService(i, services, mark), mark };
    }
    case 'endpoint': {
      const mark = `10.231.${100 + (k >> 6)}.${100 + (k & 63)}`;
      return { file: 'serviceentries', index: i, document: serviceEntry(serviceName(i), i, mark), mark };
    }
    case 'service': {
      const mark = `added-${k.toString().padStart(4, '0')}`;
      return { file: 'serviceentries', index: services + k, document: serviceEntry(mark, services + k), mark };
    }
  }
}

function head(kind: string, name: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: default}\nspec:\n`;
}

function serviceEntry(name: string, i: number, firstAddress?: string): string {
  const lines = Array.from({ length: endpoints }, (_, e) => {
    const address = e === 0 && firstAddress !== undefined ? firstAddress : `10.${i >> 8}.${i & 255}.${e + 1}`;
    return `  - {address: ${address}, labels: {app: ${name}, version: v${(e % 2) + 1}}}\n`;
  });
  return (
    head('ServiceEntry', name) +
    `  hosts: [${hostOf(name)}]\n  addresses: [240.${i >> 16}.${(i >> 8) & 255}.${i & 255}]\n` +
    '  location: MESH_INTERNAL\n  resolution: STATIC\n' +
    `  ports: [{number: 8080, name: http, protocol: HTTP}]\n  endpoints:\n${lines.join('')}`
  );
}

/** One way for those who bear a header, whose value is the mark; a split by weight for the others. */
function virtualService(i: number, services: number, mark: string): string {
  const destination = (service: number, subset = ''): string =>
    `destination: {host: ${hostOf(serviceName(service))}, port: {number: 8080}${subset}}`;
  return (
    head('VirtualService', serviceName(i)) +
    `  hosts: [${hostOf(serviceName(i))}]\n  http:\n` +
    `  - match: [{headers: {x-canary: {exact: ${mark}}}}]\n` +
    `    route: [{${destination(i, hasRule(i) ? ', subset: v2' : '')}}]\n` +
    `  - route:\n    - {${destination(i)}, weight: 90}\n    - {${destination((i + 1) % services)}, weight: 10}\n`
  );
}

function destinationRule(i: number): string {
  return (
    head('DestinationRule', serviceName(i)) +
    `  host: ${hostOf(serviceName(i))}\n  trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}\n` +
    '  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]\n'
  );
}
