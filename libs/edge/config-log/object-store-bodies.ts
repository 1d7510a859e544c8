import { StorageType, type ObjectStore } from 'nats';
import type { NatsLink } from '@keelson/edge/service';
import type { BodyStore } from './commit-body';

/** Large bodies in a bucket of NATS' object store. */
export class ObjectStoreBodies implements BodyStore {
  constructor(
    private readonly link: NatsLink,
    private readonly bucket: string,
    private readonly replicas: number,
  ) {}

  async put(digest: string, body: Uint8Array): Promise<void> {
    const store = await this.open();
    const there = await store.info(digest);
    if (there && !there.deleted && there.size === body.length) return;
    await store.putBlob({ name: digest }, body);
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    return (await (await this.open()).getBlob(digest)) ?? undefined;
  }

  private async open(): Promise<ObjectStore> {
    const options = { storage: StorageType.File };
    // The client reads `replicas`, but would also copy it into a request in which the server refuses unknown fields.
    Object.defineProperty(options, 'replicas', { value: this.replicas, enumerable: false });
    const connection = await this.link.connection();
    return connection.jetstream().views.os(this.bucket, options);
  }
}
