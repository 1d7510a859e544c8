// An xDS server over made-up layers, for xdsload's `--change-url`: it shows what this library costs without a mesh.
//   node --require ./bench/typescript.cjs libs/edge/xds/bench/synthetic.ts <ADS port> <HTTP port> <services>
import { createServer } from 'node:http';

import { jsonToBinary } from '@keelson/api';
import { createLog, GrpcServer } from '@keelson/edge/service';

import { ResourceLayer, XdsServer, type Resource } from '../index';
import { clusterType, endpointType, hostType, listenerType, routeType } from '../type-urls';
import { envoyResources } from '../testing/envoy-resources';

const [adsPort = 25010, httpPort = 25011, services = 1_000] = process.argv.slice(2).map(Number);

const hostOf = (service: string) => `${service}.default.svc.cluster.local`;
const clusterOf = (service: string) => `outbound|8080||${hostOf(service)}`;

function cluster(service: string): Resource {
  const name = clusterOf(service);
  const body = jsonToBinary('envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    connectTimeout: '10s',
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' }, serviceName: name },
    metadata: { filterMetadata: { istio: { config: `ServiceEntry default/${service}`, padding: 'x'.repeat(500) } } },
  });
  return { name, body };
}

function endpoints(service: string, first = '10.0.0.1'): Resource {
  const clusterName = clusterOf(service);
  const lbEndpoints = [first, '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((address) => ({
    endpoint: { address: { socketAddress: { address, portValue: 8080 } } },
  }));
  const body = jsonToBinary('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    clusterName,
    endpoints: [{ lbEndpoints }],
  });
  return { name: clusterName, body };
}

function host(service: string, marker = 'none'): Resource {
  const name = `8080/${hostOf(service)}`;
  const route = { cluster: clusterOf(service) };
  const body = jsonToBinary('envoy.config.route.v3.VirtualHost', {
    name,
    domains: [hostOf(service), `${hostOf(service)}:8080`, service],
    routes: [
      { match: { prefix: '/', headers: [{ name: 'x-canary', stringMatch: { exact: marker } }] }, route },
      { match: { prefix: '/' }, route, metadata: { filterMetadata: { istio: { config: 'x'.repeat(200) } } } },
    ],
  });
  return { name, body, needs: [clusterOf(service)] };
}

const layers = new Map(
  [clusterType, endpointType, listenerType, routeType, hostType].map((url) => [url, new ResourceLayer(url, 'shared')]),
);
const put = (tick: number, url: string, unit: string, resource: Resource) =>
  layers.get(url)?.replace(tick, unit, [resource]);
const server = new XdsServer({
  connect: () => ({ layers: new Map([...layers].map(([url, layer]) => [url, [layer]])) }),
  disconnected: () => undefined,
  nacked: (refusal) => {
    console.error(refusal);
  },
  progress: () => undefined,
});

let tick = 1;
for (let i = 0; i < services; i++) {
  const service = `svc-${String(i).padStart(5, '0')}`;
  put(tick, clusterType, service, cluster(service));
  put(tick, endpointType, service, endpoints(service));
  put(tick, hostType, service, host(service));
}
put(tick, routeType, '8080', envoyResources.routes('8080'));
for (let i = 0; i < 12; i++) put(tick, listenerType, `l${i}`, envoyResources.listener(`l${i}`, 10_000 + i, '8080'));
server.push(tick);

createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const service = /name: ([\w-]+)/.exec(text)?.[1] ?? '';
    tick++;
    if (text.includes('kind: VirtualService')) {
      put(tick, hostType, service, host(service, /exact: ([\w-]+)/.exec(text)?.[1]));
    } else {
      put(tick, clusterType, service, cluster(service));
      put(tick, endpointType, service, endpoints(service, /address: ([\d.]+)/.exec(text)?.[1]));
      if (service.startsWith('new')) put(tick, hostType, service, host(service));
    }
    server.push(tick);
    response.end();
  });
}).listen(httpPort, '127.0.0.1');

const grpc = new GrpcServer({ log: createLog('bench', 'warn'), maxReceiveBytes: 64 * 1024 * 1024 });
server.register(grpc);
void grpc.listen({ host: '127.0.0.1', port: adsPort }).then(() => {
  console.log('ready', process.pid);
});

process.on('SIGTERM', () => {
  process.exit(); // so that Node's --cpu-prof writes its file
});
