import type { ServerWritableStream } from '@grpc/grpc-js';
import { PolicyVersion, WatchRequest } from '@keelson/api/keelson/policy/v1/policy';
import type { JsonValue } from '@keelson/api';
import { canonicalJson, objectKey, type MeshObject } from '@keelson/core/config';
import { grpcMethod, type ServiceHandlers } from '@keelson/edge/service';
import { createHash } from 'node:crypto';

const methods = {
  watch: grpcMethod('/keelson.policy.v1.PolicyVersions/Watch', 'server-stream', WatchRequest, PolicyVersion),
};

type Call = ServerWritableStream<WatchRequest, PolicyVersion>;

/** Tells those who keep answers of this Mixer when these do not hold any more. */
export class PolicyVersions {
  readonly methods = methods;
  readonly handlers: ServiceHandlers<typeof methods>;
  private readonly calls = new Set<Call>();
  private version = '';

  constructor() {
    this.handlers = {
      watch: (call) => {
        this.calls.add(call);
        const leave = (): void => {
          this.calls.delete(call);
        };
        call.on('cancelled', leave);
        call.on('error', leave);
        call.on('close', leave);
        if (this.version !== '') call.write({ version: this.version });
      },
    };
  }

  /** A configuration is at work. */
  set(version: string): void {
    if (version === this.version) return;
    this.version = version;
    for (const call of this.calls) call.write({ version });
  }

  /** Ends all streams: their clients go to another Mixer. */
  stop(): void {
    for (const call of this.calls) call.end();
    this.calls.clear();
  }
}

/** A text that is the same for the same objects, whoever has them and from wherever: a folder's revisions begin anew. */
export function policyVersionOf(objects: readonly MeshObject[]): string {
  const hash = createHash('sha256');
  for (const text of objects.map((object) => `${objectKey(object)} ${contentOf(object)}`).sort())
    hash.update(`${text}\n`);
  return hash.digest('base64url').slice(0, 22);
}

/** Specs never change: each is written down once. */
const contents = new WeakMap<object, string>();

function contentOf(object: MeshObject): string {
  const spec = object.spec as object;
  let content = contents.get(spec);
  if (content === undefined)
    contents.set(
      spec,
      (content = createHash('sha256')
        .update(canonicalJson(spec as JsonValue))
        .digest('base64url')),
    );
  return content;
}
