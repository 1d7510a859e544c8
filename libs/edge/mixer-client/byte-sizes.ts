import type { HeaderOperation, RouteDirective } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes } from '@keelson/core/attributes';

/** What an attribute, or an entry of a map, takes beside its texts. */
const entryBytes = 64;

/** About how much memory attributes take, in bytes. */
export function bytesOfAttributes(attributes: Attributes): number {
  let bytes = 0;
  for (const attribute of attributes.values()) {
    bytes += entryBytes;
    if (attribute.type === 'STRING') bytes += attribute.value.length;
    else if (attribute.type === 'STRING_MAP')
      for (const [key, text] of attribute.value.entries()) bytes += entryBytes + key.length + text.length;
  }
  return bytes;
}

/** About how much memory the directive of an answer takes, in bytes. */
export function bytesOfDirective(directive: RouteDirective | undefined): number {
  if (directive === undefined) return 0;
  const { requestHeaderOperations, responseHeaderOperations, directResponseBody = '' } = directive;
  return directResponseBody.length + bytesOfHeaders(requestHeaderOperations) + bytesOfHeaders(responseHeaderOperations);
}

function bytesOfHeaders(operations: readonly HeaderOperation[] = []): number {
  return operations.reduce((sum, { name = '', value = '' }) => sum + entryBytes + name.length + value.length, 0);
}
