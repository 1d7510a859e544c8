// Runs beside Citadel, on its standard input: `node - <bootstrap folder> <namespace> <service account> [admin port]`. Asks for
// a join token as the operator, whose certificate lies in the bootstrap folder, and prints it.
const { readFileSync } = require('node:fs');
const { request } = require('node:https');
const { join } = require('node:path');

const [folder, namespace, serviceAccount, port = '8061'] = process.argv.slice(2);
const file = (name) => readFileSync(join(folder, name));

// As Citadel makes them for the components: each new pod of the gateway costs one use.
const wish = { namespace, serviceAccount, uses: 1000, ttl: '3650d' };

function fail(reason) {
  process.stderr.write(`no join token for ${namespace}/${serviceAccount}: ${reason}\n`);
  process.exitCode = 1;
}

request(
  {
    host: '127.0.0.1',
    port,
    path: '/v1/tokens',
    method: 'POST',
    ca: file('root-cert.pem'),
    cert: file('operator-cert.pem'),
    key: file('operator-key.pem'),
    headers: { 'content-type': 'application/json' },
    timeout: 10_000,
  },
  (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      if (response.statusCode === 201) process.stdout.write(`${JSON.parse(text).token}\n`);
      else fail(`HTTP ${response.statusCode}: ${text}`);
    });
  },
)
  .on('timeout', function () {
    this.destroy(new Error('Citadel did not answer within 10 s'));
  })
  .on('error', (error) => fail(error.message))
  .end(JSON.stringify(wish));
