import { type DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { status } from '@grpc/grpc-js';

import { type Channel } from './channel';
import { type Draft } from './flight';
import { XdsRefusal } from './handler';
import { type StoredResource } from './layer';
import { type NameSet } from './names';
import { anyLeft, type Part } from './parts';
import { type Response } from './response';
import { namesOf } from './sotw-request';
import { XdsStream } from './stream';
import { clusterType, endpointType, listenerType, routeType, secretType } from './type-urls';

/** Types whose responses hold all that there is; what is absent is gone. */
const wholeTypes = new Set([clusterType, listenerType]);
/** Types of which an empty first request asks for nothing, instead of all. */
const byNameOnly = new Set([endpointType, routeType, secretType]);

/** A stream of the state-of-the-world protocol. */
export class SotwStream extends XdsStream {
  /** The nonce of the last response of each type. */
  readonly #last = new Map<string, string>();

  /** Takes a request and answers it; `spelling` are the names where the request does not hold them. */
  receive(request: DiscoveryRequest, spelling?: Uint8Array): void {
    const typeUrl = request.typeUrl ?? '';
    if (typeUrl === '') throw new XdsRefusal(status.INVALID_ARGUMENT, 'a request without a type');
    const channel = this.channels.get(typeUrl);
    const known = channel !== undefined && spelling !== undefined && this.sets.spelled(channel.set, spelling);
    if (known) {
      this.#answer(channel, request);
    } else {
      const names = spelling === undefined ? (request.resourceNames ?? []) : namesOf(spelling);
      this.checkNames(typeUrl, names);
      const now = channel === undefined ? this.#begin(typeUrl, names) : this.#go(channel, request, names);
      if (spelling !== undefined && now.listed.size === names.length) this.sets.spell(now, spelling);
    }
    this.serve();
  }

  /** A late answer is ignored, its names are not: one may have been dropped and asked for again. */
  #go(channel: Channel, request: DiscoveryRequest, names: readonly string[]): NameSet {
    this.#answer(channel, request);
    this.#change(channel, names);
    return channel.set;
  }

  #begin(typeUrl: string, names: readonly string[]): NameSet {
    const channel = this.open(typeUrl);
    if (names.length === 0 && !byNameOnly.has(typeUrl)) channel.set = this.sets.all;
    else channel.set = this.sets.of(withoutStar(names), names.includes('*'));
    channel.owed = !channel.set.empty && (channel.set.wildcard || wholeTypes.has(typeUrl));
    return channel.set;
  }

  #answer(channel: Channel, request: DiscoveryRequest): void {
    const nonce = request.responseNonce ?? '';
    const answers = nonce === this.#last.get(channel.typeUrl) || channel.flights.some((each) => each.nonce === nonce);
    if (nonce !== '' && answers) {
      if (request.errorDetail === undefined) channel.acknowledge(nonce);
      else this.refused(channel, nonce, request.errorDetail.message ?? '');
    } else if (nonce === '' || !this.shared.writer.made(nonce)) {
      channel.flights = []; // the client begins anew, and what was in flight is of no interest to it
      channel.restart(this.tick);
    } // else the answer to the newer response follows
  }

  #change(channel: Channel, names: readonly string[]): void {
    const before = channel.set;
    // Once a client has named something, an empty list means nothing.
    const legacy = before === this.sets.all && names.length === 0;
    const { next, asked } = legacy
      ? { next: before, asked: undefined }
      : this.sets.listing(before, withoutStar(names), names.includes('*'));
    if (next === before) return;
    channel.narrow(next);
    if (next.wildcard && !before.wildcard) channel.restart(this.tick);
    else if (this.view.layers.has(channel.typeUrl)) channel.ask(asked, this.sets);
    if (wholeTypes.has(channel.typeUrl)) channel.owed = true;
  }

  protected sendsAll(channel: Channel): boolean {
    return wholeTypes.has(channel.typeUrl);
  }

  protected encode(channel: Channel, draft: Draft): Response | undefined {
    const { typeUrl } = channel;
    const response = wholeTypes.has(typeUrl) ? this.#whole(channel, draft) : this.#changed(channel, draft);
    if (response !== undefined) this.#last.set(typeUrl, response.nonce);
    return response;
  }

  #changed({ typeUrl, set }: Channel, draft: Draft): Response | undefined {
    const { parts, without } = draft;
    if (!anyLeft(parts, without) && !set.wildcard) return undefined; // only removals, which cannot be told
    return this.shared.writer.sotw(typeUrl, this.tick, parts, without, []);
  }

  /** All of the type, with the client's own version of what is held back. */
  #whole(channel: Channel, draft: Draft): Response {
    const { typeUrl, set, target } = channel;
    const parts = this.parts.between({ base: target, target, set, from: -1, extra: undefined });
    const without = new Set<string>();
    const kept: StoredResource[] = [];
    const keep = (name: string, had: StoredResource | undefined) => {
      if (without.has(name) || !set.has(name)) return;
      without.add(name);
      if (had !== undefined) kept.push(had);
    };
    if (channel.frozen.size > 0 || draft.trial) {
      const tried = draft.trial ? namesIn(draft.parts) : new Set<string>();
      for (const [name, { had }] of channel.frozen) if (!tried.has(name)) keep(name, had);
      // What changed since the refused response is none of this part's business.
      if (draft.trial)
        for (const layer of target)
          for (const [name, had] of layer.since(channel.sent)) if (!tried.has(name)) keep(name, had);
    }
    const present = without.size === 0 ? without : presentOf(without, channel);
    return this.shared.writer.sotw(
      typeUrl,
      this.tick,
      parts,
      present,
      kept.map((resource) => resource.encoded.sotw),
    );
  }
}

function namesIn(parts: readonly Part[]): Set<string> {
  return new Set(parts.flatMap((part) => part.puts.map((put) => put.name)));
}

/** Names that a layer has: only those need to be left out. */
function presentOf(names: ReadonlySet<string>, channel: Channel): ReadonlySet<string> {
  return new Set([...names].filter((name) => channel.lookup(name) !== undefined));
}

function withoutStar(names: readonly string[]): readonly string[] {
  return names.includes('*') ? names.filter((name) => name !== '*') : names;
}
