// `npm run explore [-- --minutes 10] [path ...]`: runs the property tests below these paths (all, when none is named) with one
// random seed after another, and stops at the first that fails. `KEELSON_SEED=<seed> npx jest <path>` repeats what it led to.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes} is no time`);
  process.exit(2);
}
const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--selectProjects', 'property', '--testTimeout=120000'];
const paths = positionals.flatMap((path) => ['--testPathPatterns', path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')]);
const listed = spawnSync(process.execPath, [...jest, ...paths, '--listTests'], { cwd: root, encoding: 'utf8' });
if (!listed.stdout.includes('.property.spec.ts')) {
  console.error(`there is no property test below ${positionals.join(', ') || '.'}`);
  process.exit(2);
}
const end = Date.now() + minutes * 60_000;
let rounds = 0;
while (Date.now() < end) {
  const seed = randomInt(2 ** 31);
  const run = spawnSync(process.execPath, [...jest, ...paths], {
    cwd: root,
    env: { ...process.env, KEELSON_SEED: String(seed), FORCE_COLOR: '0' },
    encoding: 'utf8',
  });
  rounds++;
  process.stdout.write(`  seed ${seed}  ${run.status === 0 ? 'passed' : 'failed'}\n`);
  if (run.status === 0) continue;
  process.stdout.write(`${run.stderr.slice(0, 12_000)}\nKEELSON_SEED=${seed} after ${rounds} rounds\n`);
  process.exit(1);
}
console.log(`${rounds} rounds passed`);
