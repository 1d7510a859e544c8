import { jsonToBinary, type JsonObject } from '@keelson/api';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentWorkload } from '../workload';
import { bootstrapOf, type BootstrapOptions } from './bootstrap';
import { nodeOf } from './node';
import { statsTags } from './stats-tags';

const workload: AgentWorkload = {
  uid: 'laptop/reviews-v1',
  name: 'reviews-v1',
  namespace: 'default',
  serviceAccount: 'bookinfo-reviews',
  role: 'sidecar',
  address: '127.1.0.3',
  ports: { http: 9080 },
  labels: { version: 'v1', app: 'reviews' },
  cluster: 'Kubernetes',
  network: '',
  meshId: 'cluster.local',
  locality: 'eu/west/a',
  interception: 'NONE',
};

function options(over: Partial<BootstrapOptions> = {}): BootstrapOptions {
  return {
    node: nodeOf(workload, 'cluster.local'),
    admin: { host: '127.1.0.3', port: 15000 },
    agent: { host: '127.1.0.3', port: 15020 },
    pilots: [
      { host: '127.0.0.1', port: 15012 },
      { host: '127.0.0.1', port: 25012 },
    ],
    pilotName: 'istiod.istio-system.svc',
    xdsMode: 'delta',
    secretSocket: '/run/agent/sds.sock',
    mixerSocket: undefined,
    domainSuffix: 'cluster.local',
    maxConnections: 100_000,
    ...over,
  };
}

describe("S1 Envoy's bootstrap", () => {
  test('is the stored one (KEELSON_GOLDEN=1 rewrites it)', () => {
    const file = join(__dirname, 'bootstrap.golden.json');
    const text = `${JSON.stringify(bootstrapOf(options()), undefined, 2)}\n`;
    if (process.env.KEELSON_GOLDEN === '1') writeFileSync(file, text);
    expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('its static clusters are what the API knows, without a field that it does not', () => {
    const { static_resources } = bootstrapOf(options()) as { static_resources: { clusters: JsonObject[] } };
    expect(static_resources.clusters.map(({ name }) => name)).toEqual([
      'prometheus_stats',
      'agent',
      'sds-grpc',
      'xds-grpc',
    ]);
    for (const cluster of static_resources.clusters)
      expect(jsonToBinary('envoy.config.cluster.v3.Cluster', cluster).length).toBeGreaterThan(0);
  });

  test('the proxy of an agent that asks Mixer finds it behind a socket, and tells Pilot so', () => {
    const node = nodeOf(workload, 'cluster.local', true);
    expect(node.metadata).toMatchObject({ MIXER_CLIENT: 'true' });
    expect(JSON.stringify(bootstrapOf(options({ node, mixerSocket: '/run/agent/mixer.sock' })))).toContain(
      '"cluster_name":"mixer-client","endpoints":[{"lb_endpoints":[{"endpoint":{"address":{"pipe":{"path":"/run/agent/mixer.sock"}}}}]}]',
    );
  });

  test('a Pilot that is named is resolved, and plaintext asks for no secret', () => {
    const text = JSON.stringify(
      bootstrapOf(options({ pilots: [{ host: 'pilot.example', port: 15010 }], pilotName: undefined, xdsMode: 'sotw' })),
    );
    expect(text).toContain('"type":"STRICT_DNS"');
    expect(text).not.toContain('transport_socket');
    expect(text).toContain('"ads_config":{"api_type":"GRPC"');
  });

  test('the node id and metadata are as Istio has them', () => {
    const node = nodeOf({ ...workload, role: 'router', network: 'n1' }, 'mesh.example');
    expect(node.id).toBe('router~127.1.0.3~reviews-v1.default~default.svc.mesh.example');
    expect(node.cluster).toBe('reviews.default');
    expect(node.locality).toEqual({ region: 'eu', zone: 'west', sub_zone: 'a' });
    expect(node.metadata).toMatchObject({ NETWORK: 'n1', INTERCEPTION_MODE: 'NONE', NAMESPACE: 'default' });
    expect(nodeOf({ ...workload, locality: '' }, 'x').locality).toEqual({});
  });

  test('the tag of a cluster is its whole name, of a service with its host', () => {
    const [tag] = statsTags('cluster.local');
    const regex = new RegExp(tag!.regex);
    const named = (stat: string): string | undefined => regex.exec(stat)?.[2];
    expect(named('cluster.outbound|9080|v1|reviews.default.svc.cluster.local.upstream_rq_200')).toBe(
      'outbound|9080|v1|reviews.default.svc.cluster.local',
    );
    expect(named('cluster.xds-grpc.upstream_cx_total')).toBe('xds-grpc');
  });
});
