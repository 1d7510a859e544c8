import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsOf } from '../testing/component-settings';
import { containerOf, only, root, selectedBy, services, workloads, type Workload } from '../testing/manifests';
import { callersOf, cluster } from '../testing/network-policies';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const binaries = JSON.parse(readFileSync(join(root, '.ci', 'binaries.json'), 'utf8')) as Record<
  string,
  { version: string }
>;
const ours = workloads.filter((workload) => containerOf(workload).image.startsWith('keelson/'));
const named = (name: string): Workload =>
  only(
    workloads.filter(({ metadata }) => metadata.name === name),
    name,
  );

/** The component that a workload runs. */
const componentOf = (workload: Workload): string => /^keelson\/([a-z]+):/.exec(containerOf(workload).image)?.[1] ?? '';

/** The arguments as the container gets them, with variables of the pod filled in. */
function argumentsOf(workload: Workload): string[] {
  const { args, env = [] } = containerOf(workload);
  const values: Record<string, string> = { POD_IP: '10.0.0.7', POD_NAME: 'pod-7', POD_NAMESPACE: 'istio-system' };
  return args.map((word) =>
    word.replace(/\$\(([^)]*)\)/g, (_, name: string) => {
      if (!env.some((variable) => variable.name === name)) throw new Error(`${word}: the container has no ${name}`);
      return values[name] ?? '';
    }),
  );
}

const valuesOf = async (workload: Workload): Promise<Record<string, unknown>> =>
  (await settingsOf(componentOf(workload))).read(argumentsOf(workload), {}).values;

/** Values with these keys, as one list. */
const gathered = (values: Record<string, unknown>, keys: readonly string[]): string[] =>
  keys.flatMap((key) => values[key] ?? []).flatMap((value) => (typeof value === 'string' ? value.split(',') : []));

describe('images', () => {
  it('of Keelson are all of the version that package.json names', () => {
    expect(new Set(ours.map((workload) => containerOf(workload).image.split(':')[1]))).toEqual(new Set([version]));
  });

  it('of NATS are the release that the tests run with', () => {
    expect(containerOf(named('nats')).image).toBe(`nats:${binaries['nats-server']?.version ?? ''}-alpine`);
  });
});

describe.each(ours.map((workload) => [workload.metadata.name, workload] as const))('the flags of %s', (_, workload) => {
  const { spec } = workload.spec.template;
  const container = containerOf(workload);

  it('are flags that the component knows, with values that it takes', async () => {
    const known = await settingsOf(componentOf(workload));
    const { values, command } = known.read(argumentsOf(workload), {});
    expect(command).toEqual([]);
    // Whatever the image's environment says, the manifest decides where state lies.
    expect(values.dataDir).not.toBe(known.declarations.dataDir?.default);
  });

  it('open the ports that the container declares', async () => {
    const values = await valuesOf(workload);
    const declared = container.ports.map((port) => port.containerPort);
    // Envoy's admin interface is on loopback; the ports of the gateway itself are a matter of configuration.
    const opened = Object.entries(values).filter(
      ([key, value]) => /Port$/.test(key) && value !== 0 && !(componentOf(workload) === 'agent' && key === 'adminPort'),
    );
    const byConfiguration = componentOf(workload) === 'agent' ? [80, 443] : [];
    expect(new Set([...opened.map(([, port]) => port), ...byConfiguration])).toEqual(new Set(declared));
  });

  it('name servers that a Service of these manifests leads to, and whose network policy lets it in', async () => {
    const values = await valuesOf(workload);
    const keys = ['citadelAddress', 'natsUrl', 'configSource', 'configStoreUrl', 'pilotAddress', 'mixerAddress'];
    // Citadel asks no other Citadel.
    const addresses = gathered(
      values,
      keys.filter((key) => !(componentOf(workload) === 'citadel' && key === 'citadelAddress')),
    ).filter((address) => address !== '');
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) {
      const [, pod, name = '', port] =
        /^(?:\w+:\/\/)?(?:([a-z]+-\d)\.)?([a-z]+)\.istio-system\.svc:(\d+)$/.exec(address) ?? [];
      const service = only(
        services.filter(({ metadata }) => metadata.name === name),
        address,
      );
      const { targetPort } = only(
        service.spec.ports.filter((known) => String(known.port) === port),
        address,
      );
      const callers = callersOf(only(selectedBy(service.spec.selector), address), targetPort);
      expect([cluster, workload.metadata.name].filter((caller) => callers.includes(caller))).toHaveLength(1);
      if (pod !== undefined) expect(podNames(named(name))).toContain(pod);
    }
  });

  it('keep state on a volume, and find token and root where the Secret is mounted', async () => {
    const values = await valuesOf(workload);
    const mounts = container.volumeMounts;
    const volumeAt = (path: string): (typeof spec.volumes)[number] | undefined => {
      const mount = mounts.find(({ mountPath }) => `${path}/`.startsWith(`${mountPath}/`));
      return spec.volumes.find(({ name }) => name === mount?.name);
    };
    const state = volumeAt(String(values.dataDir));
    expect(state?.emptyDir ?? state?.persistentVolumeClaim).toBeDefined();
    if (componentOf(workload) === 'citadel') return;
    for (const [key, file] of [
      ['joinTokenFile', 'token'],
      ['rootCertFile', 'root-cert.pem'],
    ] as const) {
      expect(values[key]).toBe(`/etc/keelson/join/${file}`);
      expect(volumeAt(String(values[key]))?.secret?.secretName).toBe(`${workload.metadata.name}-join`);
    }
  });

  it('leave it time to stop before it is killed', async () => {
    const { drainDuration } = await valuesOf(workload);
    // A component stops within 10 s; an agent says goodbye (2 s), drains, and gives Envoy 10 s.
    const needed = componentOf(workload) === 'agent' ? 2 + Number(drainDuration) / 1000 + 10 : 10;
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  });

  it('ask nothing of anybody in plaintext', async () => {
    const values = await valuesOf(workload);
    expect(values).toMatchObject({ insecure: false });
    expect(values.pilotPlaintext ?? false).toBe(false);
    const servers = gathered(values, ['natsUrl']).filter((url) => url !== '');
    expect(servers.filter((url) => !url.startsWith('tls://'))).toEqual([]);
  });
});

describe('galley', () => {
  it('keeps its log on as many servers as there are', async () => {
    expect((await valuesOf(named('galley'))).configReplicas).toBe(named('nats').spec.replicas);
  });

  it('lets those read over MCP to whom the network policy opens the port', async () => {
    expect((await valuesOf(named('galley'))).mcpReaders).toEqual(callersOf(named('galley'), 'grpc-mcp'));
  });
});

describe('citadel', () => {
  it('is one, never two at the same time, and keeps the root on a volume that outlives its pod', () => {
    const { replicas, strategy, template } = named('citadel').spec;
    expect([replicas, strategy?.type]).toEqual([1, 'Recreate']);
    expect(template.spec.volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName)).toEqual([
      'citadel-data',
    ]);
  });

  it('puts the name of each NATS server into their certificate', async () => {
    const hosts = podNames(named('nats')).map((pod) => `${pod}.nats.istio-system.svc`);
    expect((await valuesOf(named('citadel'))).serverNames).toEqual(hosts);
    const config = readFileSync(join(__dirname, 'nats.conf'), 'utf8');
    expect([...config.matchAll(/tls:\/\/([^:]+):6222/g)].map(([, host]) => host)).toEqual(hosts);
  });
});

describe('pilot', () => {
  it('is reached by the name that agents expect in its certificate', async () => {
    const { pilotSan, pilotAddress, rootNamespace } = await valuesOf(named('istio-ingressgateway'));
    expect(pilotSan).toBe('');
    expect(pilotAddress).toEqual([`istiod.${String(rootNamespace)}.svc:15012`]);
  });
});

describe('the ingress gateway', () => {
  it('asks Mixer', async () => {
    expect((await valuesOf(named('istio-ingressgateway'))).mixerAddress).toEqual(['mixer.istio-system.svc:9091']);
  });

  it('tells its agent labels that its pod has, by which a Gateway selects it', async () => {
    const gateway = named('istio-ingressgateway');
    const { labels } = await valuesOf(gateway);
    const told = (labels as string[]).map((label) => label.split('='));
    expect(gateway.spec.template.metadata.labels).toMatchObject(Object.fromEntries(told) as object);
    expect(Object.fromEntries(told)).toHaveProperty('istio', 'ingressgateway');
  });

  it('may open the low ports of its Service without a capability', () => {
    const { sysctls } = named('istio-ingressgateway').spec.template.spec.securityContext;
    expect(sysctls).toEqual([{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }]);
  });
});

describe('nats', () => {
  it('reads what is mounted, from where it is mounted, and listens where the container says', () => {
    const container = containerOf(named('nats'));
    const config = readFileSync(join(__dirname, 'nats.conf'), 'utf8');
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    for (const [, path = ''] of config.matchAll(/"(\/[^"]+)"/g))
      expect(mounted.some((mount) => `${path}/`.startsWith(`${mount}/`))).toBe(true);
    const ports = [/^port: (\d+)$/m, /listen: "0\.0\.0\.0:(\d+)"/, /^http: "0\.0\.0\.0:(\d+)"$/m];
    expect(ports.map((pattern) => Number(pattern.exec(config)?.[1]))).toEqual(
      container.ports.map((port) => port.containerPort),
    );
    expect(container.env?.map(({ name }) => name)).toContain('POD_NAME');
  });

  it('has time to leave its clients before it is killed', () => {
    const config = readFileSync(join(__dirname, 'nats.conf'), 'utf8');
    const seconds = Number(/^lame_duck_duration: (\d+)s$/m.exec(config)?.[1]);
    expect(named('nats').spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
  });
});

function podNames({ metadata, spec }: Workload): string[] {
  return Array.from({ length: spec.replicas }, (_, number) => `${metadata.name}-${number}`);
}
