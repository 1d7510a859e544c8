import { natsServerConfig } from '@keelson/edge/service';

/** One server of a cluster: where it listens, how the others are reached, where it keeps what it holds, what it shows. */
export interface NatsClusterSettings {
  /** The value of `server_name`; the server itself puts a variable such as `$POD_NAME` in from its environment. */
  serverName: string;
  host: string;
  clientPort: number;
  routePort: number;
  monitoringPort: number;
  /** All servers as `host:port` of their routes, each host as it stands in that server's certificate. */
  routes: readonly string[];
  dataDir: string;
  /** Where the server writes its process id, by which it is told to leave. */
  pidFile: string;
  certFile: string;
  keyFile: string;
  caFile: string;
}

/**
 * The configuration of one server of a cluster: TLS, users and permissions as for a single one, and the routes between the
 * servers. Every workload has a certificate of the same root, so a route is taken only from a certificate with the DNS name
 * of a server: Citadel gives such names to components alone.
 */
export function natsClusterConfig(settings: NatsClusterSettings): string {
  const { serverName, host, clientPort, routePort, monitoringPort, routes, pidFile, ...files } = settings;
  const server = natsServerConfig({ host, port: clientPort, prefix: 'mesh', trustDomain: 'cluster.local', ...files });
  return [
    server.trimEnd(),
    `server_name: ${serverName}`,
    `pid_file: ${JSON.stringify(pidFile)}`,
    'lame_duck_grace_period: 5s',
    'lame_duck_duration: 30s',
    // Health for probes. It tells numbers and names to whoever reaches it, so no Service and no policy opens it.
    `http: ${JSON.stringify(`${host}:${monitoringPort}`)}`,
    'cluster {',
    '  name: keelson',
    `  listen: ${JSON.stringify(`${host}:${routePort}`)}`,
    // Clients check the name of a server, and the addresses that servers would tell them stand in no certificate.
    '  no_advertise: true',
    '  tls {',
    `    cert_file: ${JSON.stringify(settings.certFile)}`,
    `    key_file: ${JSON.stringify(settings.keyFile)}`,
    `    ca_file: ${JSON.stringify(settings.caFile)}`,
    '    verify: true',
    '    verify_cert_and_check_known_urls: true',
    '    timeout: 5',
    '  }',
    '  routes: [',
    ...routes.map((route) => `    ${JSON.stringify(`tls://${route}`)}`),
    '  ]',
    '}',
    '',
  ].join('\n');
}
