import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@keelson/edge/service/testing';
import { anchors, type LoadFigures } from '../anchors';
import { startComponent } from '../measure/component';
import type { Effort } from '../measure/cost';
import { runTask } from '../measure/task';
import type { Figure, Row, Table } from '../output/table';
import type { Part, PartContext } from '../part';
import type { InProcessTask } from './in-process-task';
import type { CallKind, LoadResult, LoadTask } from './load-task';

type Callers = 1 | 8 | 64;
const everyNumber: readonly Callers[] = [1, 8, 64];

/** A kind of load: on which configuration, and what it came to elsewhere. */
interface Series {
  readonly title: string;
  readonly kind: CallKind;
  readonly anchors: Readonly<Record<Callers, LoadFigures>>;
  readonly goals?: Partial<Record<Callers, number>>;
}

const known = anchors.mixer;
const configurations: readonly { name: string; files: RegExp; series: readonly Series[] }[] = [
  {
    name: 'full configuration',
    files: /./,
    series: [
      { title: 'Check', kind: 'check', anchors: known.check, goals: { 64: known.goals.check64CpuMs } },
      { title: 'Check + quota', kind: 'quota', anchors: known.quota },
      { title: 'Report', kind: 'report', anchors: known.report, goals: { 8: known.goals.report8CpuMs } },
    ],
  },
  {
    name: 'Prometheus alone',
    files: /^(attributes|prometheus|metrics|tcpmetrics)\.yaml$/,
    series: [{ title: 'Report', kind: 'report', anchors: known.reportPrometheus }],
  },
  {
    name: 'no rules',
    files: /^attributes\.yaml$/,
    series: [
      { title: 'Check', kind: 'check', anchors: known.checkWithoutRules },
      { title: 'Report', kind: 'report', anchors: known.reportWithoutRules },
    ],
  },
];

/** How long a load warms up, in seconds. */
const warmSeconds = (loadSeconds: number): number => Math.min(0.8, loadSeconds);

/** Mixer's own work for a check and a record, then the same with gRPC under load. */
export const mixer: Part = {
  limitMs: ({ loadSeconds }) => {
    const loads = configurations.flatMap(({ series }) => series).length * everyNumber.length;
    return 120_000 + loads * (loadSeconds + warmSeconds(loadSeconds)) * 1_000;
  },
  measure,
};

async function measure(context: PartContext): Promise<void> {
  const full = join(context.root, 'apps', 'mixer', 'testing', 'mixer-full');
  context.done(await measureInProcess(full, context));
  for (const { name, files, series } of configurations) {
    const folder = join(context.folder, name.replaceAll(' ', '-'));
    mkdirSync(folder);
    for (const file of readdirSync(full).filter((each) => files.test(each)))
      copyFileSync(join(full, file), join(folder, file));
    context.done({
      title: `Mixer: over gRPC, ${name}, by callers`,
      anchorOf: known.of,
      conditions:
        'CPU of the server for a check or a record (reports of 100, delta encoding); the rest is wall time, of a client that ' +
        'does less than a gRPC library.',
      rows: await measureSeries(name, folder, series, context),
    });
  }
}

async function measureInProcess(configuration: string, context: PartContext): Promise<Table> {
  const effort: Effort = context.scope.quick ? { rounds: 1, roundMs: 1 } : { rounds: 15, roundMs: 50 };
  const task = join(__dirname, 'in-process-task.ts');
  const { check, record } = await runTask<InProcessTask>(task, { configuration, effort }, context);
  return {
    title: 'Mixer: in process, full configuration',
    anchorOf: known.of,
    conditions: 'CPU of decoding, policy, adapters and the answer, without gRPC.',
    rows: [
      { name: 'check', figures: { 'CPU, µs': { value: check / 1_000, anchor: known.inProcess.checkUs } } },
      { name: 'report, a record', figures: { 'CPU, µs': { value: record / 1_000, anchor: known.inProcess.recordUs } } },
    ],
  };
}

async function measureSeries(
  name: string,
  folder: string,
  series: readonly Series[],
  context: PartContext,
): Promise<Row[]> {
  const { quick, loadSeconds } = context.scope;
  const port = await freePort();
  context.tell(`Mixer: starts with ${name}`);
  const server = await startComponent(
    'mixer',
    {
      'config-store-url': `fs://${folder}`,
      'grpc-port': port,
      'prometheus-port': await freePort(),
      insecure: true,
    },
    context,
  );
  try {
    const callers = quick ? ([8] as const) : everyNumber;
    const results = await runTask<LoadTask>(
      join(__dirname, 'load-task.ts'),
      {
        port,
        pid: server.pid,
        loads: series.flatMap(({ kind }) => callers.map((each) => ({ kind, callers: each }))),
        seconds: loadSeconds,
        warmSeconds: warmSeconds(loadSeconds),
        title: `Mixer, ${name}`,
      },
      context,
    );
    return series.flatMap((each) =>
      callers.map((number) => {
        const result = results.find(({ kind, callers: by }) => kind === each.kind && by === number);
        if (result === undefined) throw new Error(`nothing was measured for ${each.title}, ${name}, by ${number}`);
        return { name: `${each.title}, ${number}`, figures: figuresOf(result, each, number) };
      }),
    );
  } finally {
    await server.stop();
  }
}

function figuresOf(result: LoadResult, { anchors: ofSeries, goals = {} }: Series, callers: Callers): Row['figures'] {
  const { cpuMs, perSecond, p50Ms, p99Ms } = ofSeries[callers];
  const goal = goals[callers];
  const wall = (value: number, anchor: Figure['anchor']): Figure => ({
    value,
    ...(anchor !== undefined && { anchor }),
  });
  return {
    'CPU, ms': { value: result.serverCpuMsPerUnit, anchor: cpuMs, ...(goal !== undefined && { goal }) },
    'a second': { value: result.unitsPerSecond, anchor: perSecond },
    'p50, ms': wall(result.p50Ms, p50Ms),
    'p99, ms': wall(result.p99Ms, p99Ms),
    'RSS, MiB': { value: result.serverRssMib },
    ...(result.failedCalls > 0 && { 'failed calls': { value: result.failedCalls } }),
  };
}
