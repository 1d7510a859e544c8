import { exitCodes, usageError } from '../exit';
import type { ProxyRow } from '../galley-api';
import { print, table } from '../output';
import type { Command } from '../command';

export const proxyStatus: Command = {
  name: 'proxy-status',
  usage: '',
  help: 'Show which revision each proxy has, and what it refused.',
  options: {},
  async run(invocation) {
    if (invocation.positionals.length > 0) throw usageError('proxy-status takes no names');
    const rows = (await invocation.galley().get('/v1/proxies')) as ProxyRow[];
    // The shape is a promise to scripts: these fields in this order.
    const value = rows.map(({ proxy, type, revision, sent, acked, nack }) => ({
      proxy,
      type,
      revision,
      sent,
      acked,
      nack,
    }));
    print(invocation.output, value, () =>
      rows.length === 0
        ? 'no proxy is connected'
        : table(
            ['PROXY', 'TYPE', 'REVISION', 'SENT', 'ACKED', 'PILOT', 'NACK'],
            rows.map(({ proxy, type, revision, sent, acked, nack, pilot }) => [
              proxy,
              type,
              revision,
              sent,
              acked,
              pilot,
              nack === null || nack === '' ? '' : typeof nack === 'string' ? nack : nack.message,
            ]),
          ),
    );
    return exitCodes.done;
  },
};
