// `npm start`: everything from a bare clone to the sample in a running mesh. Needs Node.js alone; the rest it sets up.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, step } from '../../.ci/progress.mjs';
import { root, setUp } from '../../.ci/setup.mjs';

const started = performance.now();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());

const args = process.argv.slice(2);
const print = (line) => process.stdout.write(`${line}\n`);

try {
  process.chdir(root);
  const launcher = join(root, 'dist', 'samples', 'launcher', 'launch.js');
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if (!wantsHelp || !existsSync(launcher)) {
    print('Keelson: the Bookinfo sample in a mesh of its own\n');
    await setUp({ signal: stopping.signal });
  }
  const { flags, launch } = createRequire(import.meta.url)(launcher);
  const { values, help, command } = flags.read(args, process.env);
  if (help) print(flags.help('npm start --'));
  else if (command.length > 0) throw new SetupError(`unexpected arguments after --: ${command.join(' ')}`);
  else {
    const progress = {
      step,
      print(line) {
        print(line);
        if (line.startsWith('\nThe mesh is up'))
          print(`(up in ${((performance.now() - started) / 1000).toFixed(1)} s)`);
      },
    };
    await launch(root, values, progress, stopping.signal);
  }
} catch (error) {
  if (stopping.signal.aborted) print('stopped');
  else {
    const known =
      error instanceof SetupError || ['LaunchError', 'SettingsError', 'LockError'].includes(error?.constructor?.name);
    console.error(known ? error.message : error);
    process.exitCode = error?.constructor?.name === 'SettingsError' ? 2 : 1;
  }
}
