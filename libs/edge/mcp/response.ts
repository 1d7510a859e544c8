import { Resources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import type { EncodedResource } from './encoded-resource';

/** One message of a source. */
export interface ResponseParts {
  revision: string;
  collection: string;
  resources: readonly EncodedResource[];
  removed: readonly string[];
  incremental: boolean;
  nonce: string;
}

/** The bytes of a `Resources` message, put together from frames that were encoded before. */
export function encodeResponse(parts: ResponseParts): Buffer {
  const head = Resources.encode({ systemVersionInfo: parts.revision, collection: parts.collection }).finish();
  const tail = Resources.encode({
    removedResources: [...parts.removed],
    nonce: parts.nonce,
    incremental: parts.incremental,
  }).finish();
  return Buffer.concat([head, ...parts.resources.map((resource) => resource.frame), tail]);
}

/** A part of a difference that fits one message. */
export interface Chunk {
  resources: readonly EncodedResource[];
  removed: readonly string[];
}

/** Cuts a difference into messages of at most `limit` bytes, removals last; a single larger resource goes alone. */
export function chunksOf(put: readonly EncodedResource[], removed: readonly string[], limit: number): Chunk[] {
  const chunks: { resources: EncodedResource[]; removed: string[] }[] = [];
  let current = { resources: [] as EncodedResource[], removed: [] as string[] };
  let size = 0;
  const place = (bytes: number): void => {
    if (size > 0 && size + bytes > limit) {
      chunks.push(current);
      current = { resources: [], removed: [] };
      size = 0;
    }
    size += bytes;
  };
  for (const resource of put) {
    place(resource.frame.length);
    current.resources.push(resource);
  }
  for (const name of removed) {
    place(Buffer.byteLength(name) + 6);
    current.removed.push(name);
  }
  chunks.push(current);
  return chunks;
}
