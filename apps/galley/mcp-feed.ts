import { bodyOf, kinds, kindOf, type Snapshot, type StoredObject } from '@keelson/core/config';
import type { FoldedCommit, FoldListener } from '@keelson/edge/config-log';
import { encodeResource, type CollectionChange, type EncodedResource, type ResourceStore } from '@keelson/edge/mcp';
import type { Logger } from '@keelson/edge/service';

/** The collections that are served, one for each kind. */
export const servedCollections = kinds.map((kind) => kind.collection);

/** Keeps what the MCP source serves at the newest snapshot. */
export class McpFeed implements FoldListener {
  private live = false;
  private emptied = false;

  constructor(
    private readonly store: ResourceStore,
    private readonly log: Logger,
  ) {}

  onLoaded(snapshot: Snapshot): void {
    // An empty log in the place of one that was served is most likely a loss: what is served stays until a commit.
    this.emptied = snapshot.revision === '' && this.store.revision !== undefined;
    if (this.emptied) this.log.error('the log is empty although it was not; serving what it had until the next commit');
    else this.replace(snapshot);
  }

  onReplaced(): void {
    this.live = false;
    this.emptied = false;
  }

  onCommit({ commit, revision, after }: FoldedCommit): void {
    if (!this.live) {
      if (this.emptied) this.replace(after);
      return;
    }
    const changes = new Map<string, { put: EncodedResource[]; remove: string[] }>();
    for (const change of commit.changes) {
      const collection = kindOf(change.apiVersion, change.kind)?.collection;
      if (collection === undefined) continue;
      let entry = changes.get(collection);
      if (!entry) changes.set(collection, (entry = { put: [], remove: [] }));
      const stored = change.op === 'put' ? after.get(change) : undefined;
      const resource = stored && this.encode(stored);
      if (resource) entry.put.push(resource);
      else entry.remove.push(`${change.namespace}/${change.name}`);
    }
    this.store.publish(
      revision,
      [...changes].map(([collection, { put, remove }]): CollectionChange => ({ collection, put, remove })),
    );
  }

  private replace(snapshot: Snapshot): void {
    const contents = new Map<string, EncodedResource[]>();
    for (const stored of snapshot.entries()) {
      const collection = kindOf(stored.apiVersion, stored.kind)?.collection;
      if (collection === undefined) continue;
      const resource = this.encode(stored);
      if (!resource) continue;
      const list = contents.get(collection);
      if (list) list.push(resource);
      else contents.set(collection, [resource]);
    }
    // Before the first commit there is a state too, and sinks must hear of it.
    this.store.replace(snapshot.revision === '' ? `${snapshot.epoch}-0` : snapshot.revision, contents);
    this.live = true;
  }

  /** Undefined for an object that an older version accepted and this one cannot put into its type. */
  private encode(stored: StoredObject): EncodedResource | undefined {
    const { namespace, name, revision, created, object } = stored;
    try {
      const { typeUrl, value } = bodyOf(object);
      return encodeResource({
        name: `${namespace}/${name}`,
        version: revision,
        created,
        labels: object.metadata.labels ?? {},
        annotations: object.metadata.annotations ?? {},
        typeUrl,
        body: value,
      });
    } catch (error) {
      this.log.error({ err: error, kind: stored.kind, namespace, name }, 'an object in the log cannot be served');
      return undefined;
    }
  }
}
