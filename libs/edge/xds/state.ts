/** One type on one stream, as a debug page shows it. */
export interface ChannelState {
  typeUrl: string;
  /** The route configuration, for virtual hosts. */
  scope?: string;
  /** `*` and the names that were asked for. */
  subscribed: { wildcard: boolean; names: number };
  /** The tick up to which changes were sent, and answered. */
  sent: number;
  acked: number;
  inFlight: number;
  /** Resources that wait for a cluster's ACK. */
  held: string[];
  /** Resources that the client refused, and has not been sent another version of. */
  refused: string[];
  /** Removals that wait for the routes' ACKs. */
  removing: string[];
  nacks: number;
  lastNack?: string;
}

/** One stream, as a debug page shows it. */
export interface StreamState {
  id: number;
  delta: boolean;
  node: string;
  remote: string;
  connectedAt: number;
  sent: number;
  acked: number;
  types: ChannelState[];
}
