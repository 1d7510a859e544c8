import { listenError, type ListenAddress } from '@keelson/edge/service';
import { createServer } from 'node:net';

/** Refuses a port that another process holds, by its flag: Envoy itself would end without a word that a user sees. */
export async function checkPortIsFree(address: ListenAddress): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(error, address));
    });
    server.listen(address.port, address.host, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
