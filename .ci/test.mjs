// `npm test`: the set-up, the checks, and the four levels of tests; `npm test -- unit` runs only what is named. Ends
// with one line that sums it all up, and with a non-zero exit when anything failed.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { step } from './progress.mjs';
import { root, setUp } from './setup.mjs';
import { testTools } from './test-tools.mjs';

const logs = join(root, '.cache', 'logs');
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command with its output in a file; gives its exit code. */
function run(name, file, args, env = {}) {
  mkdirSync(logs, { recursive: true });
  const output = openSync(join(logs, `${name}.log`), 'w');
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', output, output], env: { ...process.env, ...env } });
  closeSync(output);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done(code ?? 1));
  });
}

const tail = (name, lines) =>
  readFileSync(join(logs, `${name}.log`), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .join('\n');

async function check(name, file, args) {
  await step(name, async () => {
    const code = await run(name, file, args);
    if (code === 0) totals.passed++;
    else totals.failed++;
    return code === 0 ? undefined : `failed\n${tail(name, 60)}`;
  });
}

const node = process.execPath;
const checks = {
  types: () => check('types', node, ['node_modules/typescript-7/bin/tsc', '-p', 'tsconfig.json']),
  lint: () => check('lint', node, ['node_modules/eslint/bin/eslint.js', '.']),
  format: () =>
    check('format', node, [
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '--log-level',
      'warn',
      'apps',
      'libs',
      'e2e',
      'samples',
      'deploy',
      'bench',
    ]),
};

async function level(name) {
  await step(name, async () => {
    const report = join(logs, `${name}.json`);
    rmSync(report, { force: true });
    const jest = [
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      name,
      '--json',
      `--outputFile=${report}`,
      '--maxWorkers=2',
      '--forceExit=false',
    ];
    const code = await run(name, node, jest, { FORCE_COLOR: '0' });
    let result;
    try {
      result = JSON.parse(readFileSync(report, 'utf8'));
    } catch {
      totals.failed++;
      return `failed: no report\n${tail(name, 60)}`;
    }
    totals.passed += result.numPassedTests;
    totals.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    totals.skipped += result.numPendingTests + result.numTodoTests;
    if (code !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) totals.failed++;
    const failures = result.testResults
      .flatMap((file) => (file.message ? [file.message.slice(0, 4000)] : []))
      .join('\n');
    return `${result.numPassedTests} passed, ${result.numFailedTests} failed${code === 0 ? '' : `\n${failures}`}`;
  });
}

const levels = ['unit', 'property', 'int', 'e2e'];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks) && !levels.includes(name));
if (unknown.length > 0) {
  console.error(
    `no such part of the tests: ${unknown.join(', ')} (there are ${[...Object.keys(checks), ...levels].join(', ')})`,
  );
  process.exit(2);
}
const selected = (name) => wanted.length === 0 || wanted.includes(name);

try {
  await setUp();
  if (wanted.length === 0 || wanted.includes('int')) await step('test tools', () => testTools(root));
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
for (const [name, part] of Object.entries(checks)) if (selected(name)) await part();
for (const name of levels) if (selected(name)) await level(name);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
