import { problemError } from '@keelson/core/problems';
import type { RegisteredWorkloads } from '@keelson/edge/platforms';
import type { HttpRouter } from '@keelson/edge/service';
import { configDump, syncStatus } from './config-dump';
import type { ConnectedProxy, Discovery } from './discovery';

/**
 * `/debug/syncz`, `/debug/config_dump?proxyID=`, `/debug/registryz`, `/debug/workloadz` and `/debug/connections`. They show
 * the whole mesh and ask for no certificate, so only callers on this machine are answered, whatever address is bound.
 */
export function debugRoutes(http: HttpRouter, discovery: Discovery, workloads: RegisteredWorkloads): void {
  const page = (path: string, body: (query: URLSearchParams) => unknown): void => {
    http.route('GET', `/debug/${path}`, ({ local, query }) => {
      if (!local) throw problemError('forbidden', 'debug pages are shown on the machine of this Pilot only');
      return { status: 200, body: body(query) };
    });
  };
  page('syncz', () => syncStatus(discovery));
  page('config_dump', (query) => configDump(findProxy(discovery, query.get('proxyID') ?? '')));
  page('registryz', () =>
    discovery.model.services.hostnames().map((host) => {
      const service = discovery.model.services.anyService(host);
      return { host, ...service, endpoints: service ? discovery.model.endpoints(service) : [] };
    }),
  );
  page('workloadz', () => workloads.report());
  page('connections', () => discovery.xds.streams());
}

/** A proxy by its node id, or by `name.namespace` where that names one. */
function findProxy(discovery: Discovery, id: string): ConnectedProxy {
  const all = [...discovery.proxies.values()];
  const found =
    all.find(({ node }) => node.id === id) ??
    all.find(({ node }) => node.id.split('~')[2] === id || `${node.name}.${node.namespace}` === id);
  if (!found)
    throw problemError('not-found', id === '' ? 'proxyID is missing' : `no proxy ${id} is connected to this Pilot`, {
      field: 'proxyID',
    });
  return found;
}
