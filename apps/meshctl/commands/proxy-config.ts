import { resourcesOf, rowsOf, type DumpSection } from '../config-dump';
import { exitCodes, Failure, usageError } from '../exit';
import type { ProxyRow } from '../galley-api';
import { print, table } from '../output';
import type { Command, Invocation } from '../command';

const sections: readonly DumpSection[] = ['clusters', 'listeners', 'routes', 'endpoints', 'secret'];

export const proxyConfig: Command = {
  name: 'proxy-config',
  usage: `PROXY ${sections.join('|')} [--pilot-url URL] [--admin-url URL]`,
  help: 'Show what a proxy was given by Pilot, or which certificates its Envoy holds.',
  options: {
    'pilot-url': {
      type: 'string',
      value: 'URL',
      help: 'the Pilot to be asked, in place of the one that has the proxy',
    },
    'admin-url': { type: 'string', value: 'URL', help: "the admin address of the proxy's Envoy, for secret" },
  },
  words: [[], sections],
  async run(invocation) {
    const [name, asked, ...rest] = invocation.positionals;
    if (name === undefined || asked === undefined || rest.length > 0)
      throw usageError(`a proxy and one of ${sections.join(', ')} are needed`);
    const section = sections.find((known) => known === asked || known === `${asked}s`);
    if (section === undefined) throw usageError(`'${asked}' is none of ${sections.join(', ')}`);
    const resources = resourcesOf(await dumpOf(invocation, name, section), section);
    print(invocation.output, resources, () => {
      const { header, rows } = rowsOf(resources, section);
      return rows.length === 0 ? `no ${section}` : table(header, rows);
    });
    return exitCodes.done;
  },
};

/** The config dump of Pilot, or for secrets, which Pilot never sees, of the proxy's own Envoy. */
async function dumpOf(invocation: Invocation, name: string, section: DumpSection): Promise<unknown> {
  const flag = section === 'secret' ? 'admin-url' : 'pilot-url';
  const given = invocation.text(flag);
  const row = given === undefined ? await findProxy(invocation, name) : undefined;
  const proxy = row?.proxy ?? name;
  if (section !== 'secret')
    return invocation.debug(given ?? row?.debug ?? '').get(`/debug/config_dump?proxyID=${encodeURIComponent(proxy)}`);
  return invocation.debug(given ?? `http://${addressOf(proxy)}:15000`).get('/config_dump?include_eds');
}

/** The proxy of that id, of that `name.namespace`, or of a workload so called when there is one only. */
async function findProxy(invocation: Invocation, name: string): Promise<ProxyRow> {
  const rows = (await invocation.galley().get('/v1/proxies')) as ProxyRow[];
  const exact = rows.filter(({ proxy }) => proxy === name || proxy.split('~')[2] === name);
  const found = exact.length > 0 ? exact : rows.filter(({ proxy }) => proxy.split('~')[2]?.startsWith(name) === true);
  const [first] = found;
  if (first === undefined)
    throw new Failure(
      `no proxy '${name}' is connected; there are ${rows.map(({ proxy }) => proxy).join(', ') || 'none'}`,
    );
  if (found.length > 1) throw new Failure(`'${name}' may be ${found.map(({ proxy }) => proxy).join(' or ')}`);
  return first;
}

function addressOf(proxy: string): string {
  const address = proxy.split('~')[1];
  if (address === undefined || address === '')
    throw new Failure(`'${proxy}' has no address in its id; give --admin-url http://address:15000`);
  return address.includes(':') ? `[${address}]` : address;
}
