import { bootstrapFiles, commonSettings, settings, SettingsError, type SettingValues } from '@keelson/edge/service';
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { HostPort } from './envoy/bootstrap';
import type { AgentWorkload, Interception } from './workload';

const {
  dataDir,
  logLevel,
  trustDomain,
  domainSuffix,
  rootNamespace,
  citadelAddress,
  joinTokenFile,
  rootCertFile,
  insecure,
} = commonSettings;

const declarations = {
  dataDir,
  logLevel,
  trustDomain,
  domainSuffix,
  rootNamespace,
  citadelAddress,
  joinTokenFile,
  joinToken: {
    type: 'string',
    help: 'The join token itself; the variable is better than the flag, which others can see.',
  },
  rootCertFile,
  insecure,
  certTtl: { type: 'duration', help: "Lifetime to ask for certificates; 0 is Citadel's default." },
  pilotAddress: {
    type: 'list',
    default: ['127.0.0.1:15012'],
    help: 'Pilots, host:port with commas; Envoy and the registration go to the next when one is away.',
  },
  pilotPlaintext: {
    type: 'boolean',
    help: 'Dial Pilot without TLS, on its plaintext port; nothing is registered then.',
  },
  pilotSan: { type: 'string', help: "DNS name of Pilot's certificate; if empty, istiod.<root-namespace>.svc." },
  mixerAddress: {
    type: 'list',
    help: 'Mixer, host:port, that is asked for the proxy and told what it did, or several by IP addresses; if empty, none is.',
  },
  xdsMode: { type: 'string', default: 'delta', help: 'delta or sotw.' },
  namespace: { type: 'string', default: 'default', help: 'Namespace of the workload.' },
  serviceAccount: { type: 'string', default: 'default', help: 'Service account of the workload.' },
  name: { type: 'string', default: '', help: 'Name of the workload; if empty, that of the host.' },
  uid: {
    type: 'string',
    help: 'Name that stays over restarts, unique in its namespace; if empty, <host>/<name>/<address>.',
  },
  address: { type: 'string', default: '127.0.0.1', help: "The node's IP address, where peers reach the workload." },
  labels: { type: 'list', help: 'Labels of the workload, as in app=reviews,version=v1.' },
  ports: { type: 'list', help: 'Ports of the workload by name, as in http=9081; without any it is not registered.' },
  role: { type: 'string', default: 'sidecar', help: 'sidecar, or router for a gateway.' },
  interceptionMode: { type: 'string', default: 'NONE', help: 'NONE, REDIRECT or TPROXY.' },
  cluster: { type: 'string', default: 'Kubernetes', help: 'Cluster of the workload.' },
  network: { type: 'string', help: 'Network of the workload.' },
  meshId: { type: 'string', default: 'cluster.local', help: 'Mesh of the workload.' },
  locality: { type: 'string', help: 'region/zone/subzone.' },
  weight: { type: 'number', default: 1, help: 'Share of load relative to other instances.' },
  register: { type: 'boolean', default: true, help: 'Register the workload with Pilot.' },
  credentialsDir: {
    type: 'string',
    help: 'Folder of credentials for gateways: <namespace>/<name>/{tls.crt,tls.key,ca.crt}.',
  },
  adminAddress: {
    type: 'string',
    help: "Where Envoy's admin interface listens; if empty, the address if that is loopback, else 127.0.0.1.",
  },
  adminPort: { type: 'number', default: 15000, help: "Port of Envoy's admin interface." },
  metricsPort: { type: 'number', default: 15020, help: 'Port of the merged metrics and health.' },
  readinessPort: { type: 'number', default: 15021, help: 'Port of /healthz/ready.' },
  appMetricsUrl: { type: 'string', help: "The application's metrics, to be merged." },
  concurrency: { type: 'number', default: 2, help: "Envoy's worker threads." },
  envoyLogLevel: { type: 'string', default: 'warning', help: "Envoy's log level." },
  envoyLogFile: {
    type: 'string',
    help: "File for Envoy's output, - for the agent's own; if empty, <data-dir>/agent/envoy.log.",
  },
  envoyDrainTime: {
    type: 'duration',
    default: '45s',
    help: 'How long Envoy keeps connections of a listener that changed.',
  },
  maxConnections: { type: 'number', default: 100_000, help: 'Connections that Envoy takes at most.' },
  holdApplication: { type: 'boolean', help: 'Start the application only when the proxy is ready.' },
  drainDuration: {
    type: 'duration',
    default: '5s',
    help: 'How long connections may end by themselves when the workload stops.',
  },
} as const;

/** The agent's flags and variables. */
export const agentSettings = settings(declarations);

export type AgentValues = SettingValues<typeof declarations>;

/** The settings as the agent's parts take them. */
export interface AgentOptions {
  values: AgentValues;
  workload: AgentWorkload;
  pilots: readonly HostPort[];
  admin: HostPort;
  /** Undefined where Pilot is dialled in plaintext. */
  pilotName: string | undefined;
  /** Target of gRPC; undefined where there is no Mixer. */
  mixer: string | undefined;
  xdsMode: 'delta' | 'sotw';
  tokenFile: string;
  rootCertFile: string;
}

/** Checks the settings; throws a SettingsError that names the flag. */
export function optionsOf(values: AgentValues): AgentOptions {
  if (isIP(values.address) === 0) refuse('--address', `${JSON.stringify(values.address)} is not an IP address`);
  const name = values.name || hostname();
  for (const [flag, value] of [
    ['--name', name],
    ['--namespace', values.namespace],
    ['--service-account', values.serviceAccount],
  ] as const)
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value)) refuse(flag, `${JSON.stringify(value)} is not a name`);
  const ports = Object.fromEntries(
    pairs('--ports', values.ports).map(([port, number]) => {
      if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > 65_535)
        refuse('--ports', `${JSON.stringify(number)} is not a port`);
      return [port, Number(number)];
    }),
  );
  if (values.concurrency < 1) refuse('--concurrency', 'at least 1');
  if (values.appMetricsUrl !== '' && !/^https?:\/\//.test(values.appMetricsUrl))
    refuse('--app-metrics-url', 'not an HTTP URL');
  const plaintext = values.pilotPlaintext || values.insecure;
  return {
    values,
    workload: {
      uid: values.uid || `${hostname()}/${name}/${values.address}`,
      name,
      namespace: values.namespace,
      serviceAccount: values.serviceAccount,
      role: oneOf('--role', values.role, ['sidecar', 'router']),
      address: values.address,
      ports,
      labels: Object.fromEntries(pairs('--labels', values.labels)),
      cluster: values.cluster,
      network: values.network,
      meshId: values.meshId,
      locality: values.locality,
      interception: oneOf<Interception>('--interception-mode', values.interceptionMode, ['NONE', 'REDIRECT', 'TPROXY']),
    },
    pilots: values.pilotAddress.map((address) => hostPort('--pilot-address', address)),
    admin: { host: values.adminAddress || loopbackOr(values.address), port: values.adminPort },
    pilotName: plaintext ? undefined : values.pilotSan || `istiod.${values.rootNamespace}.svc`,
    mixer: mixerTarget(values.mixerAddress.map((address) => hostPort('--mixer-address', address))),
    xdsMode: oneOf('--xds-mode', values.xdsMode, ['delta', 'sotw']),
    ...bootstrapFiles('agent', values),
  };
}

function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  return found ?? refuse(flag, `${JSON.stringify(value)} is none of ${choices.join(', ')}`);
}

function pairs(flag: string, list: readonly string[]): [string, string][] {
  return list.map((entry) => {
    const at = entry.indexOf('=');
    if (at < 1) refuse(flag, `${JSON.stringify(entry)} is not of the form name=value`);
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
}

function hostPort(flag: string, address: string): HostPort {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    refuse(flag, `${JSON.stringify(address)} is not of the form host:port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** gRPC takes a list only of addresses. The first that answers is used: each agent has another order. */
function mixerTarget(servers: readonly HostPort[]): string | undefined {
  const versions = new Set(servers.map(({ host }) => isIP(host)));
  const [version] = versions;
  const texts = servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${String(port)}`);
  if (texts.length < 2) return texts[0];
  if (versions.size > 1 || version === 0)
    refuse('--mixer-address', 'several Mixers are given by IP addresses of one version');
  const first = randomInt(texts.length);
  return `ipv${String(version)}:${[...texts.slice(first), ...texts.slice(0, first)].join(',')}`;
}

/** Whoever reaches the admin interface can stop the proxy, so it is not for the network. */
function loopbackOr(address: string): string {
  return address.startsWith('127.') || address === '::1' ? address : '127.0.0.1';
}

function refuse(flag: string, message: string): never {
  throw new SettingsError(`${flag}: ${message}`);
}
