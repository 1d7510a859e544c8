#!/usr/bin/env node
// Stands in for kubectl where there is no cluster: Citadel's container is this machine, with its folder and port elsewhere, and
// Secrets are files. It knows the calls of first-trust.sh; anything else is refused.
const { spawnSync } = require('node:child_process');
const { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { STAND_IN_FOLDER: folder, STAND_IN_DATA_DIR: dataDir, STAND_IN_ADMIN_PORT: adminPort } = process.env;
const [flag, namespace, ...words] = process.argv.slice(2);
const call = words.join(' ');
if (flag !== '--namespace' || namespace !== 'istio-system') refuse();
appendFileSync(join(folder, 'calls'), `${call}\n`);
const secretFile = (name) => join(folder, `${name}.json`);

if (words[0] === 'rollout') process.exit(0);
else if (call.startsWith('exec --stdin deployment/citadel --container citadel -- ')) {
  const command = words.slice(6).map((word) => word.replace('/var/lib/keelson', dataDir));
  if (command[0] === 'node') command.push(adminPort);
  process.exit(spawnSync(command[0], command.slice(1), { stdio: 'inherit' }).status ?? 1);
} else if (call.startsWith('create secret generic ') && call.endsWith(' --dry-run=client --output=yaml')) {
  const files = words.slice(4, -2).map((word) => /^--from-file=([^=]+)=(.+)$/.exec(word).slice(1));
  const data = files.map(([key, file]) => [key, readFileSync(file).toString('base64')]);
  process.stdout.write(JSON.stringify({ name: words[3], data: Object.fromEntries(data) }));
} else if (/^apply --server-side --force-conflicts --field-manager=\S+ --filename \S+$/.test(call)) {
  const { name, data } = JSON.parse(readFileSync(words.at(-1), 'utf8'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(secretFile(name), JSON.stringify(data));
} else if (/^get secret \S+ --ignore-not-found --output=/.test(call)) {
  if (!existsSync(secretFile(words[2]))) process.exit(0);
  const data = JSON.parse(readFileSync(secretFile(words[2]), 'utf8'));
  if (words[4] === '--output=name') process.stdout.write(`secret/${words[2]}\n`);
  else if (words[4] === '--output=jsonpath={.data.tls\\.crt}') process.stdout.write(data['tls.crt']);
  else refuse();
} else refuse();

function refuse() {
  process.stderr.write(`the stand-in does not know: kubectl ${process.argv.slice(2).join(' ')}\n`);
  process.exit(64);
}
