import { type Channel } from './channel';
import { type StoredResource } from './layer';
import { type NameSets } from './names';
import { type Parts } from './parts';

/** Whether a resource can go out, as far as the clusters are concerned that it points at. */
export type Readiness = 'ready' | 'unacked' | 'refused';

/** What a channel needs of its stream. */
export interface ChannelContext {
  readonly parts: Parts;
  readonly sets: NameSets;
  readonly tick: number;
  now(): number;
  readonly ackTimeoutMs: number;
  /** Whether all clusters of the view are with the client, so that nobody needs to ask for one. */
  clustersSettled(): boolean;
  readiness(resource: StoredResource): Readiness;
  /** Whether what is gone stays for now: hosts of a route configuration that is gone as a whole. */
  keepsGone(channel: Channel): boolean;
}
