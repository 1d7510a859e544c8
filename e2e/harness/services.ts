/** What a scenario says of a workload; everything has a default that follows from its name, `reviews-v1`. */
export interface WorkloadOptions {
  /** The service it belongs to: `reviews`. */
  app?: string;
  version?: string;
  namespace?: string;
  serviceAccount?: string;
  /** The services it calls; each becomes an egress listener on its address. */
  calls?: readonly string[];
  labels?: Record<string, string>;
  /** More flags for its agent. */
  agentFlags?: readonly string[];
  /** Further servers of its Sidecar, as YAML list items under `ingress`. */
  ingress?: string;
}

/** A workload with every name settled. */
export interface WorkloadIdentity {
  name: string;
  app: string;
  namespace: string;
  serviceAccount: string;
  labels: Record<string, string>;
  calls: readonly string[];
  address: string;
}

/** Settles the names of a workload. */
export function identify(name: string, options: WorkloadOptions, address: string): WorkloadIdentity {
  const [, stem = name, suffix] = /^(.*?)(?:-(v\d+))?$/.exec(name) ?? [];
  const app = options.app ?? stem;
  const version = options.version ?? suffix ?? 'v1';
  return {
    name,
    app,
    namespace: options.namespace ?? 'default',
    serviceAccount: options.serviceAccount ?? app,
    // The label `workload` lets the Sidecar select this one alone.
    labels: { app, version, workload: name, ...options.labels },
    calls: options.calls ?? [],
    address,
  };
}

/** The services of a mesh and the port of each. */
export class ServicePorts {
  private readonly ports = new Map<string, number>();

  /** Port of a service, the same for all its workloads. */
  of(service: string): number {
    const port = this.ports.get(service) ?? 9001 + this.ports.size;
    this.ports.set(service, port);
    return port;
  }
}

export function hostOf(service: string, namespace = 'default'): string {
  return `${service}.${namespace}.svc.cluster.local`;
}

/** The ServiceEntry of a service whose endpoints are the workloads with its `app` label. */
export function serviceYaml(service: string, port: number, namespace = 'default'): string {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${service}, namespace: ${namespace} }
spec:
  hosts: [${hostOf(service, namespace)}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: ${service} } }
`;
}

/** The Sidecar that binds what a workload serves and calls to its own address. */
export function sidecarYaml(
  workload: WorkloadIdentity,
  ports: ServicePorts,
  applicationPort: number,
  moreIngress = '',
): string {
  const egress = workload.calls.map(
    (service) => `
    - port: { number: ${ports.of(service)}, name: http-${service}, protocol: HTTP }
      bind: ${workload.address}
      captureMode: NONE
      hosts: ['*/${service.includes('.') ? service : hostOf(service)}']`,
  );
  return `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${workload.name}, namespace: ${workload.namespace} }
spec:
  workloadSelector: { labels: { workload: ${workload.name} } }
  ingress:
    - port: { number: ${ports.of(workload.app)}, name: http, protocol: HTTP }
      bind: ${workload.address}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${applicationPort}${moreIngress}
  egress:${egress.length > 0 ? egress.join('') : `\n    - hosts: ['~/*']`}
`;
}

/** Joins documents, each of which may hold several. */
export function yamlOf(documents: readonly string[]): string {
  return documents.map((text) => text.trim()).join('\n---\n');
}
