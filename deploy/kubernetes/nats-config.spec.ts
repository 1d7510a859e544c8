import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsClusterConfig } from './nats-config';

const file = join(__dirname, 'nats.conf');
const hosts = [0, 1, 2].map((number) => `nats-${number}.nats.istio-system.svc`);

/** What the StatefulSet in nats.yaml mounts, and where. */
const text = natsClusterConfig({
  serverName: '$POD_NAME',
  host: '0.0.0.0',
  clientPort: 4222,
  routePort: 6222,
  monitoringPort: 8222,
  routes: hosts.map((host) => `${host}:6222`),
  dataDir: '/data',
  pidFile: '/run/nats/nats.pid',
  certFile: '/etc/nats-tls/tls.crt',
  keyFile: '/etc/nats-tls/tls.key',
  caFile: '/etc/nats-tls/ca.crt',
});

describe('the configuration of NATS in the manifests', () => {
  it('is the one that the rules for users and permissions make (KEELSON_UPDATE=1 writes it anew)', () => {
    if (process.env.KEELSON_UPDATE === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
