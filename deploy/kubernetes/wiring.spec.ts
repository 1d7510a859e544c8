import { readdirSync } from 'node:fs';
import {
  containerOf,
  disruptionBudgets,
  folder,
  kustomization,
  manifestFiles,
  objects,
  only,
  selectedBy,
  services,
  workloads,
  type Workload,
} from '../testing/manifests';
import { cluster, everywhere, peersOf, policyOf } from '../testing/network-policies';

const byName = workloads.map((workload) => [workload.metadata.name, workload] as const);
const same = (workload: Workload, labels: Record<string, string>): boolean => selectedBy(labels)[0] === workload;

describe('the kustomization', () => {
  it('names every file of its folder, and no other', () => {
    expect([...kustomization.resources].sort()).toEqual(manifestFiles);
    const generated = kustomization.configMapGenerator.flatMap(({ files }) => files);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(generated));
    expect(generated).toEqual(readdirSync(folder).filter((file) => file.endsWith('.conf')));
  });

  it('puts everything into the namespace that it makes', () => {
    expect(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)).toEqual([
      kustomization.namespace,
    ]);
    expect(objects.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
  });

  it('gives nobody rights at the Kubernetes API, since nobody asks it', () => {
    expect(objects.filter(({ kind }) => /Role/.test(kind))).toEqual([]);
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount');
    expect(accounts).toHaveLength(workloads.length);
    for (const object of [...accounts, ...workloads.map(({ spec }) => spec.template.spec)])
      expect(object).toHaveProperty('automountServiceAccountToken', false);
  });
});

describe.each(byName)('what belongs to %s', (name, workload) => {
  const { template, selector, replicas } = workload.spec;
  const container = containerOf(workload);
  const ports = container.ports.map((port) => port.name);

  it('selects its pods and no others', () => {
    expect(selectedBy(selector.matchLabels)).toEqual([workload]);
    for (const { labelSelector } of template.spec.topologySpreadConstraints ?? [])
      expect(selectedBy(labelSelector.matchLabels)).toEqual([workload]);
  });

  it('has its own account, a disruption budget that lets a node be drained, and a network policy', () => {
    expect(template.spec.serviceAccountName).toBe(name);
    expect(objects).toContainEqual(
      expect.objectContaining({ kind: 'ServiceAccount', metadata: expect.objectContaining({ name }) as unknown }),
    );
    const budgets = disruptionBudgets.filter(({ spec }) => same(workload, spec.selector.matchLabels));
    expect(only(budgets, 'budgets').spec.maxUnavailable).toBe(1);
    expect(policyOf(workload).spec.policyTypes).toEqual(['Ingress']);
  });

  it('is spread over nodes where there are several replicas', () => {
    const keys = (template.spec.topologySpreadConstraints ?? []).map(({ topologyKey }) => topologyKey);
    expect(keys).toEqual(replicas > 1 ? ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'] : []);
  });

  it('has Services, no two the same, whose ports are ports of its container', () => {
    const own = services.filter(({ spec }) => same(workload, spec.selector));
    expect(own.length).toBeGreaterThan(0);
    const specs = own.map(({ spec }) => JSON.stringify(spec));
    expect([...new Set(specs)]).toEqual(specs);
    for (const service of own)
      for (const { port, targetPort, name: called } of service.spec.ports) {
        expect(called).toBe(targetPort);
        expect(container.ports).toContainEqual({ name: targetPort, containerPort: port });
      }
  });

  it('is probed on ports of its container', () => {
    const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe].filter(
      (probe) => probe !== undefined,
    );
    for (const { httpGet } of probes) expect(ports).toContain(httpGet.port);
    expect(container.livenessProbe.httpGet.path).not.toBe(container.readinessProbe.httpGet.path);
  });

  it('has a policy for each port of a Service, by names that its container has', () => {
    const opened = policyOf(workload).spec.ingress.flatMap((rule) => rule.ports.map(({ port }) => port));
    const exposed = services
      .filter(({ spec }) => same(workload, spec.selector))
      .flatMap(({ spec }) => spec.ports.map(({ targetPort }) => targetPort));
    expect(ports).toEqual(expect.arrayContaining(opened));
    expect(opened).toEqual(expect.arrayContaining(exposed));
    expect([...new Set(opened)]).toEqual(opened);
  });

  it('mounts what it has, and all of it', () => {
    const claims = (workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
    const volumes = [...template.spec.volumes.map((volume) => volume.name), ...claims];
    expect(container.volumeMounts.map((mount) => mount.name).sort()).toEqual(volumes.sort());
    for (const { persistentVolumeClaim: claim, configMap } of template.spec.volumes) {
      if (claim !== undefined)
        expect(objects).toContainEqual(
          expect.objectContaining({
            kind: 'PersistentVolumeClaim',
            metadata: expect.objectContaining({ name: claim.claimName }) as unknown,
          }),
        );
      if (configMap !== undefined)
        expect(kustomization.configMapGenerator.map((generated) => generated.name)).toContain(configMap.name);
    }
  });
});

describe('who may reach which port', () => {
  const monitoring = 'namespaces with keelson/monitoring=true';
  const operators = 'namespaces with keelson/operators=true';

  it.each<[string, Record<string, string[]>]>([
    ['galley', { 'https-api': [operators], 'grpc-mcp': ['pilot', 'mixer'], 'http-monitoring': [monitoring] }],
    ['pilot', { 'grpc-xds': [cluster], 'http-monitoring': [monitoring] }],
    ['citadel', { 'grpc-csr': [cluster], 'https-admin': [operators], 'http-monitoring': [monitoring] }],
    ['mixer', { 'grpc-mixer': [cluster], 'http-monitoring': [monitoring], 'http-prometheus': [monitoring] }],
    ['nats', { client: ['galley', 'pilot', 'citadel'], routes: ['nats'] }],
    [
      'istio-ingressgateway',
      { http: [everywhere], https: [everywhere], 'http-status': [everywhere], 'http-metrics': [monitoring] },
    ],
  ])('%s', (name, expected) => {
    const workload = only(
      workloads.filter(({ metadata }) => metadata.name === name),
      name,
    );
    const rules = policyOf(workload).spec.ingress.flatMap((rule) =>
      rule.ports.map(({ port }) => [port, peersOf(rule)] as const),
    );
    expect(Object.fromEntries(rules)).toEqual(expected);
  });
});
