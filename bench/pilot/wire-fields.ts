import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** What is needed of responses, read where it stands: decoding them would cost more than Pilot does. */

/** Calls `take` for each length-delimited field of a protobuf message; other fields are passed over. */
function eachField(
  bytes: Buffer,
  from: number,
  to: number,
  take: (field: number, from: number, to: number) => void,
): void {
  const reader = new BinaryReader(bytes);
  reader.pos = from;
  while (reader.pos < to) {
    const [field, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, field);
      continue;
    }
    const length = reader.uint32();
    take(field, reader.pos, reader.pos + length);
    reader.pos += length;
  }
}

/** A `envoy.service.discovery.v3.DeltaDiscoveryResponse`. */
export interface Response {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly NamedResource[];
  readonly removed: readonly string[];
}

/** A resource, by where its message stands in the response. */
export interface NamedResource {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export function readResponse(bytes: Buffer): Response {
  let typeUrl = '';
  let nonce = '';
  const resources: NamedResource[] = [];
  const removed: string[] = [];
  const text = (from: number, to: number): string => bytes.toString('utf8', from, to);
  eachField(bytes, 0, bytes.length, (field, from, to) => {
    if (field === 2) {
      const resource = { name: '', from: to, to };
      eachField(bytes, from, to, (inner, start, end) => {
        if (inner === 3) resource.name = text(start, end);
        // An Any: the type, and the message.
        else if (inner === 2)
          eachField(bytes, start, end, (part, first, last) => {
            if (part === 2) [resource.from, resource.to] = [first, last];
          });
      });
      resources.push(resource);
    } else if (field === 4) typeUrl = text(from, to);
    else if (field === 5) nonce = text(from, to);
    else if (field === 6) removed.push(text(from, to));
  });
  return { typeUrl, nonce, resources, removed };
}

/** The name under which a `Cluster` asks for its endpoints; undefined for one that does not. */
export function endpointsOf(bytes: Buffer, { name, from, to }: NamedResource): string | undefined {
  let asked: string | undefined;
  eachField(bytes, from, to, (field, start, end) => {
    if (field !== 3) return;
    asked = name;
    eachField(bytes, start, end, (inner, first, last) => {
      if (inner === 2 && last > first) asked = bytes.toString('utf8', first, last);
    });
  });
  return asked;
}

/** The route configurations that a `Listener` asks for: filter chains → filters → connection managers → rds. */
export function routesOf(bytes: Buffer, { from, to }: NamedResource): string[] {
  const names: string[] = [];
  const path = [filterChains, [3], [4], [2], [3], [2]];
  const descend = (depth: number, start: number, end: number): void => {
    const wanted = path[depth];
    if (wanted === undefined) {
      names.push(bytes.toString('utf8', start, end));
      return;
    }
    // Only one type of filter has routes.
    if (depth === 3 && !bytes.subarray(start, end).includes('HttpConnectionManager')) return;
    eachField(bytes, start, end, (field, first, last) => {
      if (wanted.includes(field)) descend(depth + 1, first, last);
    });
  };
  descend(0, from, to);
  return names;
}

/** `filter_chains` and `default_filter_chain`. */
const filterChains = [3, 25];

/** Whether a `RouteConfiguration` leaves its virtual hosts to be discovered. */
export function discoversHosts(bytes: Buffer, { from, to }: NamedResource): boolean {
  let discovers = false;
  eachField(bytes, from, to, (field) => {
    if (field === 9) discovers = true;
  });
  return discovers;
}
