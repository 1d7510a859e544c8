import { type status } from '@grpc/grpc-js';

import { type Node } from '@keelson/api/envoy/config/core/v3/base';
import { type PeerIdentity } from '@keelson/edge/service';

import { type ResourceLayer } from './layer';

/** What a proxy is to have: for each type URL the layers that make it up. A name is in one layer of a type only. */
export interface ProxyView {
  layers: ReadonlyMap<string, readonly ResourceLayer[]>;
}

/** A stream as it opens: the first request has come. */
export interface NewStream {
  id: number;
  delta: boolean;
  node: Node;
  /** From the client's certificate; undefined on plaintext. */
  peer: PeerIdentity | undefined;
  /** The address that the connection comes from. */
  remote: string;
}

/** A response that a client refused. */
export interface Refusal {
  stream: number;
  typeUrl: string;
  /** What the response held. */
  names: string[];
  /**
   * Whether `names` are just those that the client refuses. Where they are not, the response is sent again in parts,
   * and the refusals of the parts are reported too, down to the culprits.
   */
  exact: boolean;
  message: string;
  /** The tick up to which the response went. */
  tick: number;
}

export interface RefusedResource {
  typeUrl: string;
  name: string;
}

/**
 * How far a client is. What it refused, and what waits for something that it refused, does not hold these back: the
 * refusal is reported before.
 */
export interface Progress {
  stream: number;
  /** All changes up to this tick have been sent. */
  sent: number;
  /** All changes up to this tick have been answered. */
  acked: number;
  /** What it refuses as it is now. */
  refused: readonly RefusedResource[];
}

/** What the server asks of the one who knows the mesh. Calls come on the event loop, never nested in each other. */
export interface XdsHandler {
  /** Says what the client is to have; throws an XdsRefusal to end the stream. */
  connect(stream: NewStream): ProxyView;
  /** A stream that was connected has ended. */
  disconnected(streamId: number): void;
  nacked(refusal: Refusal): void;
  /** A figure moved; at most once for a stream in a turn of the loop. */
  progress(progress: Progress): void;
}

/** Ends a stream with a status. */
export class XdsRefusal extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = 'XdsRefusal';
  }
}
