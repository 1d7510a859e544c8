import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';

/** Asks Citadel for a join token, as the operator. */
export function createJoinToken(
  dataDir: string,
  adminPort: number,
  workload: { namespace: string; serviceAccount: string },
): Promise<string> {
  const file = (name: string): Buffer => readFileSync(join(dataDir, 'bootstrap', name));
  const body = JSON.stringify({ namespace: workload.namespace, serviceAccount: workload.serviceAccount, uses: 10 });
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: adminPort,
        path: '/v1/tokens',
        method: 'POST',
        ca: file('root-cert.pem'),
        cert: file('operator-cert.pem'),
        key: file('operator-key.pem'),
        headers: { 'content-type': 'application/json' },
        timeout: 10_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode !== 200 && response.statusCode !== 201)
            reject(new Error(`Citadel made no join token: HTTP ${response.statusCode ?? 0}: ${text}`));
          else resolve((JSON.parse(text) as { token: string }).token);
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('Citadel did not answer')));
    call.on('error', reject);
    call.end(body);
  });
}
