import type { AdapterLog, AdapterTable } from '@keelson/core/policy';
import { denier } from './denier/denier';
import { ListMemory } from './listchecker/list-memory';
import { listcheckerAdapter } from './listchecker/listchecker';
import { memquotaAdapter } from './memquota/memquota';
import { QuotaMemory } from './memquota/quota-memory';
import { noop } from './noop/noop';
import { Exporter } from './prometheus/exporter';
import { prometheusAdapter } from './prometheus/prometheus';
import { MetricRegistry } from './prometheus/registry';
import { stdioAdapter } from './stdio/stdio';

/** What adapters have once a process. */
export interface AdapterOptions {
  /** Where the prometheus adapter serves what it keeps. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly prometheusPort?: number;
  readonly log?: AdapterLog;
  readonly stdout?: NodeJS.WritableStream;
  readonly stderr?: NodeJS.WritableStream;
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number;
}

/** The adapters of a process, and what they share. */
export interface Adapters {
  readonly adapters: AdapterTable;
  /** The server of the prometheus adapter. */
  readonly exporter: Exporter;
  /** Stops what handlers that nobody closed would leave behind. */
  readonly stop: () => Promise<void>;
}

const silent: AdapterLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Makes the adapters of a process. Nothing is opened before a handler is. */
export function makeAdapters({
  host = '127.0.0.1',
  prometheusPort = 42422,
  log = silent,
  stdout = process.stdout,
  stderr = process.stderr,
  wallClock = Date.now,
}: AdapterOptions = {}): Adapters {
  const registry = new MetricRegistry();
  const exporter = new Exporter(registry, { host, port: prometheusPort, log });
  const prometheus = prometheusAdapter(registry, exporter);
  // A new adapter is a folder and a name here.
  const all = [
    denier,
    listcheckerAdapter(new ListMemory()),
    memquotaAdapter(new QuotaMemory()),
    noop,
    prometheus,
    stdioAdapter({ stdout, stderr, wallClock }),
  ];
  return {
    adapters: new Map(all.map((adapter) => [adapter.name, adapter])),
    exporter,
    stop: () => exporter.stop(),
  };
}

/** The adapters by name, for those who only read and judge configuration. */
export const adapters: AdapterTable = makeAdapters().adapters;
