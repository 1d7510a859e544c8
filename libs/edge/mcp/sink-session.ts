import type { RequestResources, Resources, SinkNode } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import type { Resource } from '@keelson/api/istio/mcp/v1alpha1/resource';
import { decodeMark, revisionCollection } from './mark';
import type { Round, SinkResource } from './round';
import type { SinkHoldings } from './sink-holdings';

/** What a sink takes at most, and of which type. */
export interface SinkLimits {
  /** Resources of one collection. */
  resources: number;
  /** Bytes of one resource's body. */
  bodyBytes: number;
}

export const defaultSinkLimits: SinkLimits = { resources: 1_000_000, bodyBytes: 8 * 1024 * 1024 };

export interface SinkSessionOptions {
  sinkNode: SinkNode;
  collections: readonly string[];
  /** Ask for the mark and fold only there; without it each response is a round of its own. */
  marked: boolean;
  /** The type that each collection's bodies must have, `type.googleapis.com/…`; one without an entry may have any. */
  typeUrls?: Readonly<Record<string, string>>;
  limits?: SinkLimits;
  /**
   * Takes a round in. What it throws refuses the mark, and the round is kept staged; without marks it refuses the response,
   * which the source then still owes.
   */
  onRound: (round: Round) => void;
  onRefused?: (collection: string, message: string) => void;
}

const unimplemented = 12;
const invalidArgument = 3;

/** Why a response is refused, with the code of google.rpc.Status. */
class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The sink's end of one MCP connection: what to ask, and what to answer to each response. With a marking source changes
 * are staged, and folded at the mark if every collection was answered and none was refused since: never half a commit.
 */
export class SinkSession {
  private readonly answered = new Set<string>();
  private readonly broken = new Map<string, string>();
  private readonly limits: SinkLimits;

  constructor(
    private readonly holdings: SinkHoldings,
    private readonly options: SinkSessionOptions,
  ) {
    this.limits = options.limits ?? defaultSinkLimits;
    holdings.dropStaged();
  }

  /** The requests that open the connection. The mark comes last: it vouches for all that was asked before it. */
  opening(): RequestResources[] {
    const { sinkNode, collections, marked } = this.options;
    const requests: RequestResources[] = collections.map((collection) => ({
      sinkNode,
      collection,
      incremental: true,
      initialResourceVersions: Object.fromEntries(this.holdings.versions(collection)),
    }));
    return marked ? [...requests, { sinkNode, collection: revisionCollection }] : requests;
  }

  /** Takes in a response and says what to answer. */
  receive(response: Resources): RequestResources {
    const collection = response.collection ?? '';
    const answer: RequestResources = {
      sinkNode: this.options.sinkNode,
      collection,
      responseNonce: response.nonce,
      incremental: collection !== revisionCollection,
    };
    try {
      if (collection === revisionCollection && this.options.marked) this.takeMark(response);
      else this.takeCollection(collection, response);
      return answer;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.options.onRefused?.(collection, message);
      const code = error instanceof Refused ? error.code : invalidArgument;
      return { ...answer, errorDetail: { code, message } };
    }
  }

  private takeCollection(collection: string, response: Resources): void {
    if (!this.options.collections.includes(collection))
      throw new Refused(unimplemented, `unsupported collection ${JSON.stringify(collection)}`);
    // A source sends each difference at a revision of its own.
    this.holdings.begin(collection, response.systemVersionInfo ?? '');
    try {
      const resources = this.readResources(collection, response.resources ?? []);
      if (response.incremental) this.holdings.stagePart(collection, resources, response.removedResources ?? []);
      else this.holdings.stageWhole(collection, resources);
      if (this.holdings.sizeAfterFold(collection) > this.limits.resources)
        throw new Refused(invalidArgument, `${collection} holds more than ${this.limits.resources} resources`);
      this.broken.delete(collection);
      this.answered.add(collection);
      if (!this.options.marked) this.fold(response.systemVersionInfo ?? '', [collection]);
    } catch (error) {
      this.holdings.takeBack(collection);
      this.broken.set(collection, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  private takeMark(response: Resources): void {
    const [resource, ...rest] = response.resources ?? [];
    if (!resource?.body || rest.length > 0) throw new Refused(invalidArgument, 'a mark is exactly one resource');
    const revision = decodeMark(resource.body);
    const missing = this.options.collections.filter((collection) => !this.answered.has(collection));
    const broken = [...this.broken].map(([collection, message]) => `${collection} was refused: ${message}`);
    if (broken.length > 0) throw new Refused(invalidArgument, `${revision} is not whole: ${broken.join('; ')}`);
    if (missing.length > 0)
      throw new Refused(invalidArgument, `${revision} is not whole: no answer yet for ${missing.join(', ')}`);
    this.fold(revision, this.options.collections);
  }

  private fold(revision: string, collections: readonly string[]): void {
    const { marked, onRound } = this.options;
    const round: Round = {
      revision,
      changes: this.holdings.staged(collections),
      full: marked && this.holdings.revision === undefined,
      synced: this.options.collections.every((name) => collections.includes(name) || this.holdings.knows(name)),
    };
    onRound(round);
    this.holdings.fold(revision, collections);
  }

  private readResources(collection: string, resources: readonly Resource[]): SinkResource[] {
    const names = new Set<string>();
    return resources.map((resource) => {
      const read = this.readResource(collection, resource);
      if (names.has(read.name)) throw new Refused(invalidArgument, `${read.name} comes twice in one response`);
      names.add(read.name);
      return read;
    });
  }

  private readResource(collection: string, { metadata, body }: Resource): SinkResource {
    const name = metadata?.name ?? '';
    if (name === '') throw new Refused(invalidArgument, `a resource of ${collection} has no name`);
    if (!body?.typeUrl) throw new Refused(invalidArgument, `${name} has no body with a type`);
    const expected = this.options.typeUrls?.[collection];
    if (expected !== undefined && body.typeUrl !== expected)
      throw new Refused(invalidArgument, `${name} is a ${body.typeUrl}, not a ${expected}`);
    const value = body.value ?? new Uint8Array();
    if (value.length > this.limits.bodyBytes)
      throw new Refused(invalidArgument, `${name} has ${value.length} bytes, more than ${this.limits.bodyBytes}`);
    const { seconds = 0, nanos = 0 } = metadata?.createTime ?? {};
    return {
      name,
      version: metadata?.version ?? '',
      createTime: seconds * 1000 + Math.floor(nanos / 1e6),
      labels: metadata?.labels ?? {},
      annotations: metadata?.annotations ?? {},
      typeUrl: body.typeUrl,
      // A copy, for the value is a view that would keep the whole message.
      body: value.slice(),
    };
  }
}
