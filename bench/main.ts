import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { help, OptionsError, readOptions, type Options } from './options';
import { progressOn } from './output/progress';
import { formatTable, type Table } from './output/table';
import { parts, type PartName } from './parts';

const root = resolve(__dirname, '..');

interface PartReport {
  readonly part: PartName;
  readonly seconds: number;
  /** The load average of the last minute, before and after. */
  readonly load: readonly [number, number];
  /** What was measured, up to an error. */
  readonly tables: readonly Table[];
  readonly error?: string;
}

/** Runs the benchmarks and prints their tables; gives the exit code: 1 if a part failed, 2 for arguments that are not understood. */
export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(error.message);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  if (options.json !== undefined) {
    try {
      writeFileSync(options.json, '');
    } catch (error) {
      console.error(`--json: ${String(error)}`);
      return 2;
    }
  }
  const reports: PartReport[] = [];
  const load = loadavg();
  const [cpu] = cpus();
  console.log(
    `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), Node ${process.versions.node}, load average ${load.map((each) => each.toFixed(2)).join(' ')}`,
  );
  if ((load[0] ?? 0) > cpus().length / 4)
    console.log(
      'Other work runs on this machine: the figures are higher than they would be without, wall times most of all.',
    );
  for (const name of options.parts) {
    if (signal.aborted) break;
    const report = await run(name, options, signal);
    reports.push(report);
    const [before, after] = report.load.map((each) => each.toFixed(2));
    console.log(
      report.error === undefined
        ? `  (${report.seconds.toFixed(0)} s, load average ${before ?? ''} before, ${after ?? ''} after)`
        : `\n${name} failed: ${report.error}`,
    );
  }
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ time: new Date().toISOString(), node: process.versions.node, cpus: cpus().length, cpu: cpu?.model, quick: options.scope.quick, parts: reports }, null, 2)}\n`,
    );
  return signal.aborted || reports.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function run(name: PartName, { scope }: Options, signal: AbortSignal): Promise<PartReport> {
  const folder = mkdtempSync(join(tmpdir(), `keelson-bench-${name}-`));
  const progress = progressOn(process.stderr);
  const started = performance.now();
  const before = loadavg()[0] ?? 0;
  const { measure, limitMs } = parts[name];
  const limit = AbortSignal.timeout(limitMs(scope));
  const tables: Table[] = [];
  const report = (error?: string): PartReport => ({
    part: name,
    seconds: (performance.now() - started) / 1000,
    load: [before, loadavg()[0] ?? 0],
    tables,
    ...(error !== undefined && { error }),
  });
  try {
    await measure({
      root,
      folder,
      scope,
      tell: progress.tell,
      done: (table) => {
        tables.push(table);
        progress.clear();
        console.log(`\n${formatTable(table)}`);
      },
      signal: AbortSignal.any([signal, limit]),
    });
    progress.clear();
    return report();
  } catch (error) {
    progress.clear();
    if (limit.aborted) return report(`it was stopped after ${(limitMs(scope) / 1000).toFixed(0)} s`);
    return report(signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

// Without the set-up: `node --require ./bench/typescript.cjs bench/main.ts`.
if (require.main === module) {
  const stopping = new AbortController();
  for (const stop of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(stop, () => {
      stopping.abort();
    });
  void main(process.argv.slice(2), stopping.signal).then((code) => {
    process.exitCode = code;
  });
}
