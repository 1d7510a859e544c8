import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** The clone. */
export const root = join(__dirname, '..', '..');
export const folder = join(root, 'deploy', 'kubernetes');

type Labels = Record<string, string>;

/** Of each kind what the tests look at; that there is nothing else in an object is what the schema checks. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Labels; namespace?: string };
}

export interface Selector {
  matchLabels: Labels;
}

export interface HttpProbe {
  httpGet: { path: string; port: string };
}

export interface Container {
  name: string;
  image: string;
  args: string[];
  command?: string[];
  env?: { name: string; value?: string }[];
  ports: { name: string; containerPort: number }[];
  livenessProbe: HttpProbe;
  readinessProbe: HttpProbe;
  startupProbe?: HttpProbe;
  resources: { requests: Labels; limits: Labels };
  securityContext: unknown;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface Volume {
  name: string;
  secret?: { secretName: string; optional?: boolean; defaultMode: number };
  configMap?: { name: string };
  emptyDir?: { medium?: string; sizeLimit: string };
  persistentVolumeClaim?: { claimName: string };
}

export interface PodSpec {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  terminationGracePeriodSeconds: number;
  securityContext: Record<string, unknown>;
  topologySpreadConstraints?: { topologyKey: string; labelSelector: Selector }[];
  containers: Container[];
  initContainers?: unknown;
  volumes: Volume[];
}

/** A Deployment or a StatefulSet. */
export interface Workload extends KubernetesObject {
  spec: {
    replicas: number;
    selector: Selector;
    strategy?: { type: string };
    serviceName?: string;
    template: { metadata: { labels: Labels }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

export interface Service extends KubernetesObject {
  spec: { selector: Labels; ports: { name: string; port: number; targetPort: string }[]; clusterIP?: string };
}

export interface NetworkPolicy extends KubernetesObject {
  spec: {
    podSelector: Selector;
    policyTypes: string[];
    ingress: {
      ports: { protocol: string; port: string }[];
      from?: { podSelector?: Selector; namespaceSelector?: Partial<Selector> }[];
    }[];
  };
}

export interface PodDisruptionBudget extends KubernetesObject {
  spec: { selector: Selector; maxUnavailable: number };
}

export interface Kustomization {
  namespace: string;
  resources: string[];
  configMapGenerator: { name: string; files: string[] }[];
}

export const kustomization = documentsOf('kustomization.yaml')[0] as unknown as Kustomization;

/** The files of the folder that hold objects. */
export const manifestFiles = readdirSync(folder)
  .filter((file) => /\.ya?ml$/.test(file) && file !== 'kustomization.yaml')
  .sort();

/** Every object of every file. */
export const objects: readonly KubernetesObject[] = manifestFiles.flatMap(documentsOf);

export const workloads = [...ofKind<Workload>('Deployment'), ...ofKind<Workload>('StatefulSet')];
export const services = ofKind<Service>('Service');
export const networkPolicies = ofKind<NetworkPolicy>('NetworkPolicy');
export const disruptionBudgets = ofKind<PodDisruptionBudget>('PodDisruptionBudget');

/** The only container of a workload. */
export function containerOf(workload: Workload): Container {
  const { containers, initContainers } = workload.spec.template.spec;
  const [container, ...more] = containers;
  if (container === undefined || more.length > 0 || initContainers !== undefined)
    throw new Error(`${workload.metadata.name} has not one container`);
  return container;
}

/** The workloads whose pods bear all these labels. */
export function selectedBy(labels: Labels): Workload[] {
  return workloads.filter(({ spec }) =>
    Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
  );
}

/** The one object of a kind that selects the pods of a workload. */
export function only<T>(candidates: readonly T[], what: string): T {
  const [found, ...more] = candidates;
  if (found === undefined || more.length > 0) throw new Error(`${what}: ${candidates.length} instead of one`);
  return found;
}

function ofKind<T extends KubernetesObject>(kind: string): T[] {
  return objects.filter((object): object is T => object.kind === kind);
}

/** Read as kubectl does, by YAML 1.1: there `0440` is octal, and `yes` is true. */
function documentsOf(file: string): KubernetesObject[] {
  return parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { version: '1.1' }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
    return document.toJS() as KubernetesObject;
  });
}
