import type { Progress } from './output/progress';
import type { Table } from './output/table';

/** How much is measured. */
export interface Scope {
  /** Only that everything runs: the figures mean nothing. */
  readonly quick: boolean;
  /** How long each load of Mixer lasts, in seconds. */
  readonly loadSeconds: number;
  /** The meshes that Pilot serves. */
  readonly meshes: readonly MeshSize[];
}

export interface MeshSize {
  readonly services: number;
  readonly proxies: number;
}

/** What a part of the benchmarks is given. */
export interface PartContext {
  /** The clone. */
  readonly root: string;
  /** A folder of its own, removed when the part is done. */
  readonly folder: string;
  readonly scope: Scope;
  readonly tell: Progress;
  /** Takes a table as soon as it is measured. */
  readonly done: (table: Table) => void;
  /** Aborted when the part is to stop; all processes that it started then end. */
  readonly signal: AbortSignal;
}

/** One component that is measured. */
export interface Part {
  /** After how many milliseconds it is stopped: several times what it takes, as other work may run beside it. */
  readonly limitMs: (scope: Scope) => number;
  /** Rejects where something that is measured fails. */
  readonly measure: (context: PartContext) => Promise<void>;
}
