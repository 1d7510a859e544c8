// `npm run bench`: the set-up, then the measurements. Needs Node.js alone; the rest it sets up.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SetupError } from '../.ci/progress.mjs';
import { root, setUp } from '../.ci/setup.mjs';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());

try {
  const args = process.argv.slice(2);
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if (!wantsHelp || !existsSync(join(root, 'node_modules', '@swc', 'core'))) await setUp({ signal: stopping.signal });
  const require = createRequire(import.meta.url);
  require('./typescript.cjs');
  const { main } = require('./main.ts');
  process.exitCode = await main(args, stopping.signal);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
