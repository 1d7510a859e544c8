import { setTimeout as pause } from 'node:timers/promises';
import { encodeCheckRequest, encodeReportRequest } from '@keelson/core/attributes';
import { quantile } from '../measure/cost';
import { usageOf } from '../measure/process-usage';
import { task } from '../measure/task';
import { distinctRecords, recordOf } from './records';
import { dataFrames, type RequestFrames } from './request-frames';
import { UnaryConnection } from './unary-connection';

export type CallKind = 'check' | 'quota' | 'report';

/** One load after the other on the same server. */
export interface LoadInput {
  readonly port: number;
  readonly pid: number;
  readonly loads: readonly { readonly kind: CallKind; readonly callers: number }[];
  readonly seconds: number;
  /** Before each one; it does not count. */
  readonly warmSeconds: number;
  /** What the loads are called in what is told of the progress. */
  readonly title: string;
}

/** What one load came to; a unit is a check, or a record of a report. */
export interface LoadResult {
  readonly kind: CallKind;
  readonly callers: number;
  readonly unitsPerSecond: number;
  readonly serverCpuMsPerUnit: number;
  readonly clientCpuMsPerUnit: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failedCalls: number;
  readonly serverRssMib: number;
}

/** Records in a report. */
const batch = 100;
const callersPerConnection = 8;
const idLength = 12;

export type LoadTask = (input: LoadInput) => LoadResult[];

task<LoadTask>(async ({ port, pid, loads, seconds, warmSeconds, title }, tell) => {
  const results: LoadResult[] = [];
  for (const { kind, callers } of loads) {
    tell(`${title}: ${kind} by ${callers} caller${callers === 1 ? '' : 's'}`);
    results.push(await load(kind, callers, { port, pid, seconds, warmSeconds }));
  }
  return results;
});

async function load(
  kind: CallKind,
  callers: number,
  { port, pid, seconds, warmSeconds }: Pick<LoadInput, 'port' | 'pid' | 'seconds' | 'warmSeconds'>,
): Promise<LoadResult> {
  const method = `/istio.mixer.v1.Mixer/${kind === 'report' ? 'Report' : 'Check'}`;
  const requests = requestsOf(kind);
  const broken: Error[] = [];
  const connections = await Promise.all(
    Array.from({ length: Math.ceil(callers / callersPerConnection) }, () =>
      UnaryConnection.open(port, method, (error) => broken.push(error)),
    ),
  );
  const latencies: number[] = [];
  const state = { measuring: false, running: true, failed: 0 };
  const calling = (connection: UnaryConnection): void => {
    if (!state.running) return;
    const started = performance.now();
    connection.call(requests(), (length) => {
      if (state.measuring) {
        if (length === undefined) state.failed++;
        else latencies.push(performance.now() - started);
      }
      calling(connection);
    });
  };
  for (let i = 0; i < callers; i++) {
    const connection = connections[i % connections.length];
    if (connection !== undefined) calling(connection);
  }
  await pause(warmSeconds * 1000);
  const before = { server: usageOf(pid), client: process.cpuUsage(), time: performance.now() };
  state.measuring = true;
  await pause(seconds * 1000);
  state.measuring = false;
  const server = usageOf(pid);
  const client = process.cpuUsage(before.client);
  const elapsed = (performance.now() - before.time) / 1000;
  state.running = false;
  for (const connection of connections) connection.close();
  if (broken[0] !== undefined) throw broken[0];
  if (latencies.length === 0) throw new Error(`no call of ${kind} by ${callers} was answered (${state.failed} failed)`);
  const units = latencies.length * (kind === 'report' ? batch : 1);
  return {
    kind,
    callers,
    unitsPerSecond: units / elapsed,
    serverCpuMsPerUnit: ((server.cpuSeconds - before.server.cpuSeconds) * 1000) / units,
    clientCpuMsPerUnit: (client.user + client.system) / 1000 / units,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    failedCalls: state.failed,
    serverRssMib: server.rssMib,
  };
}

/** Gives one request after the other; each that takes a quota has an id of its own, as no call is a repetition of another. */
function requestsOf(kind: CallKind): () => RequestFrames {
  const all: RequestFrames[] = [];
  const ids: number[] = [];
  const id = (n: number): string => n.toString().padStart(idLength, '0');
  if (kind === 'report') {
    for (let from = 0; from + batch <= distinctRecords; from += batch)
      all.push(dataFrames(encodeReportRequest(Array.from({ length: batch }, (_, i) => recordOf(from + i, 'report')))));
  } else {
    const quotas = kind === 'quota' ? new Map([['requestcount', { amount: 1, bestEffort: false }]]) : undefined;
    for (let n = 0; n < distinctRecords; n++) {
      const mark = `id-${id(n)}`;
      const attributes = recordOf(n, 'check');
      const request = dataFrames(encodeCheckRequest({ attributes, deduplicationId: mark, ...(quotas && { quotas }) }));
      all.push(request);
      ids.push(request.bytes.indexOf(mark) + mark.length - idLength);
    }
  }
  let n = 0;
  return () => {
    const at = n++ % all.length;
    const request = all[at];
    if (request === undefined) throw new Error('there are no requests');
    const place = ids[at];
    if (kind === 'quota' && place !== undefined) request.bytes.write(id(n), place, 'latin1');
    return request;
  };
}
