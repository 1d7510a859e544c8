/** What the configuration of a NATS server is made from. */
export interface NatsServerSettings {
  host: string;
  port: number;
  /** Where streams are kept. */
  dataDir: string;
  prefix: string;
  trustDomain: string;
  /** The namespace of the components' identities. */
  rootNamespace?: string;
  /** The server's certificate and key, and the root that clients are checked against. */
  certFile: string;
  keyFile: string;
  caFile: string;
}

interface Permissions {
  publish: string[];
  subscribe: string[];
  /** Whether what it is asked may be answered, in the inbox of who asks. */
  answers?: boolean;
}

/**
 * The text of a NATS server's configuration for one mesh: TLS with client certificates only, one user for each component,
 * known by the SPIFFE id in its certificate, who may touch its own subjects, streams and buckets. A certificate without a
 * user (a workload's, an operator's) is refused.
 */
export function natsServerConfig(settings: NatsServerSettings): string {
  const { host, port, trustDomain, rootNamespace = 'istio-system' } = settings;
  const users = Object.entries(permissionsOf(settings.prefix)).map(([component, { publish, subscribe, answers }]) => {
    const inbox = `_INBOX.${component}.>`;
    return {
      user: `spiffe://${trustDomain}/ns/${rootNamespace}/sa/${component}`,
      permissions: {
        publish: { allow: publish },
        subscribe: { allow: [inbox, ...subscribe] },
        ...(answers === true && { allow_responses: { max: 1, expires: '5s' } }),
      },
    };
  });
  return [
    '# Made by Keelson; changes are overwritten.',
    `host: ${JSON.stringify(host)}`,
    `port: ${port}`,
    'max_payload: 1MB',
    'jetstream {',
    `  store_dir: ${JSON.stringify(settings.dataDir)}`,
    // A commit that was acknowledged must survive a loss of power.
    '  sync_interval: always',
    '}',
    'tls {',
    `  cert_file: ${JSON.stringify(settings.certFile)}`,
    `  key_file: ${JSON.stringify(settings.keyFile)}`,
    `  ca_file: ${JSON.stringify(settings.caFile)}`,
    '  verify_and_map: true',
    '  timeout: 5',
    '}',
    `authorization: ${JSON.stringify({ users }, null, 2)}`,
    '',
  ].join('\n');
}

function permissionsOf(prefix: string): Record<'galley' | 'pilot' | 'citadel', Permissions> {
  const stream = (name: string): string => `${prefix.toUpperCase()}_${name}`;
  const bucket = (name: string): string[] => [...streamApi(`KV_${stream(name)}`), `$KV.${stream(name)}.>`];
  const objects = (name: string): string[] => [...streamApi(`OBJ_${stream(name)}`), `$O.${stream(name)}.>`];
  return {
    galley: {
      publish: [
        ...account,
        ...streamApi(stream('CONFIG')),
        `${prefix}.config.commit`,
        ...objects('BODIES'),
        // An object store purges the chunks of a body that could not be stored whole.
        `$JS.API.STREAM.PURGE.OBJ_${stream('BODIES')}`,
        ...streamApi(stream('NACKS')),
        `${prefix}.receipts`,
      ],
      // Streams are read by way of the inbox; receipts alone are heard as they are said.
      subscribe: [`${prefix}.receipts.>`],
    },
    pilot: {
      publish: [
        ...account,
        ...bucket('WORKLOADS'),
        ...streamApi(stream('NACKS')),
        `${prefix}.nacks.>`,
        `${prefix}.receipts.>`,
      ],
      // Galleys ask there for the receipts of all its proxies.
      subscribe: [`${prefix}.receipts`],
      answers: true,
    },
    citadel: {
      publish: [...account, ...bucket('TRUST'), ...streamApi(stream('LEDGER')), `${prefix}.ledger.>`],
      subscribe: [],
    },
  };
}

/** What JetStream's API needs of every client; it tells sizes and names, no content. */
const account = ['$JS.API.INFO', '$JS.API.STREAM.NAMES'];

/** Making, reading and acknowledging one stream; neither deleting nor purging it, since nobody does that in service. */
function streamApi(name: string): string[] {
  return [
    ...['CREATE', 'UPDATE', 'INFO', 'MSG.GET'].map((call) => `$JS.API.STREAM.${call}.${name}`),
    ...['CREATE', 'DURABLE.CREATE', 'DELETE', 'INFO', 'MSG.NEXT'].map((call) => `$JS.API.CONSUMER.${call}.${name}.>`),
    ...['CREATE', 'NAMES', 'LIST'].map((call) => `$JS.API.CONSUMER.${call}.${name}`),
    `$JS.API.DIRECT.GET.${name}`,
    `$JS.API.DIRECT.GET.${name}.>`,
    `$JS.ACK.${name}.>`,
    `$JS.FC.${name}.>`,
  ];
}
