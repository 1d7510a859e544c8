/** What Galley's HTTP API answers, as far as meshctl reads it. */
export interface ApplyResult {
  revision: string;
  committed: boolean;
  results: { op: string; kind: string; namespace: string; name: string }[];
  warnings?: string[];
}

export interface Nack {
  proxy: string;
  type: string;
  resource?: string;
  message: string;
  provenance?: string[];
}

export interface Revision {
  revision: string;
  receipts: {
    proxies: number;
    acked: number;
    pending: number;
    superseded?: string;
    /** Refusals that stand. */
    nacks: Nack[];
    /** Refusals by proxies that have gone, or hold something else by now. */
    pastNacks: Nack[];
    waitingFor: string[];
  };
}

/** A commit of the log. Where one object's commits were asked for, its changes are those of that object. */
export interface CommitEntry {
  revision: string;
  epoch: string;
  sequence: number;
  /** RFC 3339, UTC. */
  time: string;
  /** The SPIFFE id of an operator, `anonymous`, or the folder that was committed. */
  author: string;
  reason: string;
  source: string;
  changes: { op: string; kind: string; namespace: string; name: string }[];
}

/** What a Galley holds. */
export interface SnapshotInfo {
  revision: string;
  history?: {
    /** The sequence of the oldest commit that it remembers; 0 if there is none. */
    from: number;
    /** What became of the commits before: there are none, the log lost them, or this Galley does not remember them. */
    earlier: 'none' | 'compacted' | 'forgotten';
  };
}

export interface ProxyRow {
  proxy: string;
  type: string;
  revision: string;
  sent: string;
  acked: string;
  nack: string | Nack | null;
  pilot: string;
  debug: string;
}
