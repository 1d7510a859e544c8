/** A resource as a sink received it. */
export interface SinkResource {
  /** `<namespace>/<name>`. */
  name: string;
  /** The revision that last changed it; empty where a foreign source gives none. */
  version: string;
  /** Milliseconds since 1970; 0 if unknown. */
  createTime: number;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  typeUrl: string;
  body: Uint8Array;
}

/** What a round does to one collection. */
export interface RoundChange {
  collection: string;
  put: readonly SinkResource[];
  remove: readonly string[];
}

/** Changes that take effect together: whole commits of a source that marks its revisions, one response of one that does not. */
export interface Round {
  revision: string;
  changes: readonly RoundChange[];
  /** The changes are everything there is: the first round of a source that marks its revisions. */
  full: boolean;
  /** Every collection was heard of; until then one without changes is not known to be empty. */
  synced: boolean;
}
