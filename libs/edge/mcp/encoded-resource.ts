import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Resource } from '@keelson/api/istio/mcp/v1alpha1/resource';

/** One object as MCP carries it, before it is encoded. */
export interface ResourceFields {
  /** `<namespace>/<name>`. */
  name: string;
  /** The revision that last changed the object. */
  version: string;
  /** Milliseconds since 1970. */
  created?: number;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  /** `type.googleapis.com/<protobuf type>`. */
  typeUrl: string;
  body: Uint8Array;
}

/** A resource whose bytes are made, once for all streams. */
export interface EncodedResource {
  readonly name: string;
  readonly version: string;
  /** The bytes of the field `resources` in a `Resources` message, with tag and length. */
  readonly frame: Uint8Array;
}

const resourcesFieldTag = 3 * 8 + 2;

/** Encodes a resource into the frame that every response which carries it is made of. */
export function encodeResource(fields: ResourceFields): EncodedResource {
  const writer = new BinaryWriter().uint32(resourcesFieldTag).fork();
  Resource.encode(
    {
      metadata: {
        name: fields.name,
        version: fields.version,
        createTime: fields.created === undefined ? undefined : timestamp(fields.created),
        labels: { ...fields.labels },
        annotations: { ...fields.annotations },
      },
      body: { typeUrl: fields.typeUrl, value: Buffer.from(fields.body) },
    },
    writer,
  );
  return { name: fields.name, version: fields.version, frame: writer.join().finish() };
}

function timestamp(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
