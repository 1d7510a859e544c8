import { type Channel } from './channel';
import { type ChannelContext } from './context';
import { type Draft } from './flight';
import { StoredResource } from './layer';
import { type Part, type Put } from './parts';
import { removedLast } from './type-urls';

const nobody: ReadonlySet<string> = new Set();
const nothingHad: ReadonlyMap<string, StoredResource | undefined> = new Map();

/** What of a channel's parts goes out now; what stays behind is noted in the channel with the reason. */
export type Sorted = Pick<Draft, 'without' | 'removed' | 'had'>;

/** Sorts out what of the parts stays behind, and why. */
export function sortOut(channel: Channel, parts: readonly Part[], context: ChannelContext): Sorted {
  const without = new Set<string>();
  const had = new Map<string, StoredResource | undefined>();
  const removed = new Set<string>();
  const { frozen, claims } = channel;
  const late = removedLast(channel.typeUrl) || context.keepsGone(channel);
  const gone = (name: string, before: StoredResource | undefined) => {
    if (late) frozen.set(name, { kind: 'removal', had: before, tick: context.tick });
    else removed.add(name);
  };
  for (const part of parts) {
    for (const { name, before } of part.removals) {
      if (channel.lookup(name) !== undefined) continue; // another layer has it now
      const state = frozen.get(name);
      frozen.delete(name);
      if (state === undefined) gone(name, before);
      else if (state.had !== undefined) gone(name, state.had);
    }
    const doubtful = frozen.size > 0 || claims !== undefined;
    if (!doubtful && (part.needy.length === 0 || context.clustersSettled())) continue;
    for (const put of doubtful ? part.puts : part.needy) sortPut(channel, put, context, without, had);
  }
  // Who asks, and a cluster that warms, is to hear of what there is not, too.
  for (const awaited of [channel.asked, channel.forced])
    for (const name of awaited?.listed ?? nobody) {
      if (channel.lookup(name) !== undefined) continue;
      frozen.delete(name);
      removed.add(name);
    }
  for (const name of claims?.keys() ?? []) {
    if (channel.set.has(name) && channel.lookup(name) === undefined && !removed.has(name))
      gone(name, StoredResource.unknown(channel.typeUrl, name));
  }
  if (!late && frozen.size > 0) {
    for (const [name, { kind }] of frozen) {
      if (kind !== 'removal') continue;
      frozen.delete(name);
      if (channel.lookup(name) === undefined) removed.add(name);
    }
  }
  return {
    without: without.size > 0 ? without : nobody,
    removed: [...removed],
    had: had.size > 0 ? had : nothingHad,
  };
}

function sortPut(
  { frozen, claims, asked, forced, typeUrl }: Channel,
  { name, now, before }: Put,
  context: ChannelContext,
  without: Set<string>,
  had: Map<string, StoredResource | undefined>,
): void {
  const state = frozen.get(name);
  const again = asked?.listed.has(name) === true || forced?.listed.has(name) === true;
  if (state?.kind === 'refused' && state.version === now.version && !again) {
    without.add(name);
    return;
  }
  const claimed = claims?.get(name);
  if (claimed === now.version || (state !== undefined && now.same(state.had) && !again)) {
    frozen.delete(name);
    without.add(name);
    return;
  }
  const holds = state === undefined ? before : state.had;
  const known = holds ?? (claimed === undefined ? undefined : StoredResource.unknown(typeUrl, name));
  const readiness = context.readiness(now);
  if (readiness !== 'ready') {
    const tick = state?.kind === 'needs' ? Math.min(state.tick, now.changed) : now.changed;
    frozen.set(name, { kind: 'needs', refused: readiness === 'refused', had: known, tick });
    without.add(name);
    return;
  }
  if (known !== before) had.set(name, known);
  frozen.delete(name);
}
