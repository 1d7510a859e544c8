import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { clusterType, endpointType, hostType, routeType } from '@keelson/edge/xds';
import type { ChangeFigures } from '../anchors';
import { median, quantile } from '../measure/cost';
import { usageOf } from '../measure/process-usage';
import { task } from '../measure/task';
import { DeltaProxy, type ProxyListener } from './delta-proxy';
import { changeKinds, meshChange, meshDocuments, type ChangeKind, type MeshChange } from './mesh-documents';
import type { Response } from './wire-fields';

export interface FleetInput {
  readonly port: number;
  readonly pid: number;
  /** The folder that is Pilot's source: holds the mesh's documents, a file for each kind. */
  readonly configuration: string;
  readonly services: number;
  readonly proxies: number;
  /** How many changes of each kind count, and how many go before them. */
  readonly changes: number;
  readonly warmChanges: number;
  /** How long all proxies together may take until they have everything. */
  readonly syncLimitMs: number;
  readonly title: string;
}

export interface FleetResult {
  readonly sync: {
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly mib: number;
    readonly rssMib: number;
  };
  readonly changes: Readonly<Record<ChangeKind, ChangeFigures>>;
  readonly peakMib: number;
}

/** The types of resources by which a kind of change shows. */
const shownBy: Readonly<Record<ChangeKind, readonly string[]>> = {
  route: [routeType, hostType],
  endpoint: [endpointType],
  service: [clusterType],
};

/** A change is over when nothing came for so long. */
const quietMs = 300;
const changeLimitMs = 30_000;

export type FleetTask = (input: FleetInput) => FleetResult;

task<FleetTask>(async (input, tell) => {
  const { title, pid } = input;
  const fleet = new Fleet(input);
  try {
    tell(`${title}: first sync`);
    const sync = await fleet.sync();
    const changes: Partial<Record<ChangeKind, ChangeFigures>> = {};
    for (const kind of changeKinds) {
      tell(`${title}: changes of a ${kind}`);
      changes[kind] = await fleet.changesOf(kind);
    }
    return {
      sync,
      changes: changes as Record<ChangeKind, ChangeFigures>,
      peakMib: usageOf(pid).peakMib,
    };
  } finally {
    fleet.close();
  }
});

/** Many proxies, and the change that they are to see. */
class Fleet implements ProxyListener {
  readonly #documents;
  #proxies: DeltaProxy[] = [];
  #failure: Error | undefined;
  #bytes = 0;
  #lastReceived = 0;
  readonly #unsynced = new Set<DeltaProxy>();
  #awaited: { types: readonly string[]; mark: string; started: number; seen: Map<number, number> } | undefined;
  /** What waits for something to come in. */
  #wake: (() => void) | undefined;

  constructor(readonly input: FleetInput) {
    this.#documents = meshDocuments(input.services);
  }

  received(proxy: DeltaProxy, { typeUrl }: Response, bytes: Buffer): void {
    const now = performance.now();
    this.#bytes += bytes.length;
    this.#lastReceived = now;
    if (this.#unsynced.size > 0 && proxy.missing() === '') this.#unsynced.delete(proxy);
    const awaited = this.#awaited;
    if (awaited?.types.includes(typeUrl) === true && !awaited.seen.has(proxy.index) && bytes.includes(awaited.mark))
      awaited.seen.set(proxy.index, now - awaited.started);
    this.#wake?.();
  }

  failed(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  close(): void {
    for (const proxy of this.#proxies) proxy.close();
  }

  async sync(): Promise<FleetResult['sync']> {
    const { pid, port, proxies, syncLimitMs } = this.input;
    const before = usageOf(pid);
    const started = performance.now();
    this.#proxies = Array.from({ length: proxies }, (_, i) => new DeltaProxy(port, i, this));
    for (const proxy of this.#proxies) this.#unsynced.add(proxy);
    await this.#until(
      () => this.#unsynced.size === 0,
      syncLimitMs,
      () => {
        const [one] = this.#unsynced;
        return `${this.#unsynced.size} of ${proxies} proxies are not in sync; one of them lacks ${one?.missing() ?? ''}`;
      },
    );
    const seconds = (performance.now() - started) / 1000;
    await this.#settle();
    const after = usageOf(pid);
    return {
      seconds,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      mib: this.#bytes / (1 << 20),
      rssMib: after.rssMib,
    };
  }

  async changesOf(kind: ChangeKind): Promise<ChangeFigures> {
    const { pid, services, changes, warmChanges } = this.input;
    const all: { median: number; p99: number; last: number }[] = [];
    let before = { cpu: 0, bytes: 0 };
    for (let k = 0; k < warmChanges + changes; k++) {
      if (k === warmChanges) before = { cpu: usageOf(pid).cpuSeconds, bytes: this.#bytes };
      const latencies = await this.#make(kind, meshChange(kind, k, services));
      if (k >= warmChanges)
        all.push({ median: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), last: quantile(latencies, 1) });
    }
    return {
      latencyMs: {
        median: median(all.map((each) => each.median)),
        p99: median(all.map((each) => each.p99)),
        last: median(all.map((each) => each.last)),
      },
      cpuMs: ((usageOf(pid).cpuSeconds - before.cpu) * 1000) / changes,
      mib: (this.#bytes - before.bytes) / (1 << 20) / changes,
    };
  }

  /** Makes a change, and gives after how many milliseconds each proxy had it. */
  async #make(kind: ChangeKind, { file, index, document, mark }: MeshChange): Promise<number[]> {
    const documents = this.#documents[file];
    documents[Math.min(index, documents.length)] = document;
    const text = documents.join('---\n');
    const seen = new Map<number, number>();
    this.#awaited = { types: shownBy[kind], mark, started: performance.now(), seen };
    writeDocuments(this.input.configuration, file, text);
    const { proxies } = this.input;
    await this.#until(
      () => seen.size === proxies,
      changeLimitMs,
      () => `${proxies - seen.size} of ${proxies} proxies never saw ${mark}`,
    );
    this.#awaited = undefined;
    await this.#settle();
    return [...seen.values()];
  }

  async #until(done: () => boolean, limitMs: number, problem: () => string): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!done()) {
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() > deadline) throw new Error(problem());
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    this.#wake = undefined;
  }

  async #settle(): Promise<void> {
    const started = performance.now();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const quietAt = Math.max(started, this.#lastReceived) + quietMs;
      if (performance.now() >= quietAt) return;
      await pause(quietAt - performance.now());
    }
  }
}

/** In one step, so that nobody reads half of it. */
function writeDocuments(folder: string, file: string, text: string): void {
  const path = join(folder, `${file}.yaml`);
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}
