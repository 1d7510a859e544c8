import { StringValue } from '@keelson/api/google/protobuf/wrappers';
import type { Any } from '@keelson/api/google/protobuf/any';
import { encodeResource, type EncodedResource } from './encoded-resource';

/** The collection that ends a round: one resource, the revision at which all other collections were cut. */
export const revisionCollection = 'keelson/revision';

const markName = 'revision';
const stringValueUrl = 'type.googleapis.com/google.protobuf.StringValue';

/** The one resource of the mark. */
export function encodeMark(revision: string): EncodedResource {
  return encodeResource({
    name: markName,
    version: revision,
    typeUrl: stringValueUrl,
    body: StringValue.encode({ value: revision }).finish(),
  });
}

/** The revision that a mark's body holds; throws if it is something else. */
export function decodeMark(body: Any): string {
  if (body.typeUrl !== stringValueUrl) throw new Error(`${body.typeUrl ?? 'a body without a type'} is no revision`);
  const { value } = StringValue.decode(body.value ?? new Uint8Array());
  if (value === undefined || value === '') throw new Error('the revision is empty');
  return value;
}
