import { setTimeout as pause } from 'node:timers/promises';
import type { FullMesh } from '../harness';
import type { Random } from './random';

/** Galleys and Pilots that end by SIGKILL and come back; one Galley at least is always there to take changes. */
export class Crashes {
  count = 0;
  private readonly returning = new Map<object, Promise<unknown>>();

  constructor(
    private readonly random: Random,
    private readonly mesh: FullMesh,
  ) {}

  /** A Galley that takes changes. */
  get galley(): FullMesh['galley'] {
    const replica = this.mesh.galleys.find(({ process }) => !this.returning.has(process));
    if (!replica) throw new Error('no Galley is there');
    return replica.api;
  }

  /** Ends one of those that are there, and brings it back after a while. */
  async next(): Promise<string> {
    const { galleys, pilots } = this.mesh;
    const there = [...galleys, ...pilots]
      .map((replica) => replica.process)
      .filter((replica) => !this.returning.has(replica));
    const galleysThere = galleys.filter((replica) => !this.returning.has(replica.process));
    const choices = there.filter((replica) => galleysThere.length > 1 || replica !== galleysThere[0]?.process);
    if (choices.length === 0) return 'nobody left to crash';
    const chosen = this.random.of(choices);
    this.count++;
    await chosen.kill();
    const back = pause(this.random.below(3000))
      .then(() => chosen.start(40_000))
      .finally(() => this.returning.delete(chosen));
    back.catch(() => undefined);
    this.returning.set(chosen, back);
    return `${chosen.name} crashed`;
  }

  /** Waits until all are back. */
  async over(): Promise<void> {
    await Promise.all(this.returning.values());
  }
}
