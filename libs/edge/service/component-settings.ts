import { join } from 'node:path';
import { cloneRoot } from './clone-root';
import { type SettingValues } from './settings';

/** The settings that every component has. */
export const commonSettings = {
  dataDir: {
    type: 'string',
    default: cloneRoot() === undefined ? '/var/lib/keelson' : '.keelson',
    help: 'Where state is kept, each component in a folder of its own.',
  },
  logLevel: { type: 'string', default: 'info', help: 'trace, debug, info, warn, error or fatal.' },
  trustDomain: { type: 'string', default: 'cluster.local', help: 'The trust domain of all identities.' },
  domainSuffix: { type: 'string', default: 'cluster.local', help: 'Suffix that completes short host names.' },
  rootNamespace: {
    type: 'string',
    default: 'istio-system',
    help: 'The namespace of the components and of configuration for the whole mesh.',
  },
  natsUrl: { type: 'string', default: '', help: 'The NATS server, as in tls://127.0.0.1:4222; empty for none.' },
  natsPrefix: { type: 'string', default: 'mesh', help: 'Prefix of all NATS subjects, streams and buckets.' },
  citadelAddress: { type: 'string', default: '127.0.0.1:8060', help: 'Where Citadel signs certificates.' },
  joinTokenFile: {
    type: 'string',
    default: '',
    help: 'The join token for the first certificate; if empty, <data-dir>/bootstrap/<component>.token.',
  },
  rootCertFile: {
    type: 'string',
    default: '',
    help: 'The root that Citadel is checked against; if empty, <data-dir>/bootstrap/root-cert.pem.',
  },
  bindAddress: { type: 'string', default: '127.0.0.1', help: 'The address to listen on.' },
  tlsNames: {
    type: 'list',
    default: [],
    help: 'DNS names and IP addresses of the server certificate; if empty, localhost, 127.0.0.1 and <component>.<root-namespace>.svc.',
  },
  insecure: { type: 'boolean', default: false, help: 'Plaintext and no identity: for a trial on loopback.' },
} as const;

/** The values of the settings that every component has. */
export type CommonValues = SettingValues<typeof commonSettings>;

/** Where a component finds its join token and the root certificate. */
export function bootstrapFiles(
  component: string,
  values: Pick<CommonValues, 'dataDir' | 'joinTokenFile' | 'rootCertFile'>,
): { tokenFile: string; rootCertFile: string } {
  return {
    tokenFile: values.joinTokenFile || join(values.dataDir, 'bootstrap', `${component}.token`),
    rootCertFile: values.rootCertFile || join(values.dataDir, 'bootstrap', 'root-cert.pem'),
  };
}

/** The names that a component's server certificate carries when nothing else is set. */
export function defaultTlsNames(component: string, rootNamespace: string): string[] {
  const names = ['localhost', '127.0.0.1', `${component}.${rootNamespace}.svc`];
  if (component === 'pilot') names.push(`istiod.${rootNamespace}.svc`);
  return names;
}
