import { HeaderOperation_Operation as Operation, type HeaderOperation } from '@keelson/api/istio/mixer/v1/mixer';
import type { HeaderValueOption } from '@keelson/api/envoy/config/core/v3/base';
import { HeaderValueOption_HeaderAppendAction as Append } from '@keelson/api/envoy/config/core/v3/base';

/** Changes of headers as Envoy's ext_authz takes them. */
export interface HeaderChanges {
  readonly set: HeaderValueOption[];
  readonly remove: string[];
  /** How many operations Envoy would not take: names or values that no header may have. */
  readonly refused: number;
}

interface Change {
  /** What was there before goes away. */
  replaces: boolean;
  readonly values: string[];
}

// RFC 9110 5.1 and 5.5; Envoy answers 500 to a request for which it is told another header.
const validName = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const invalidInValue = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * What a list of operations comes to when they are done in order. Envoy itself sets first, then appends, then removes, and
 * appends only to headers that are there.
 *
 * @param has whether a header is there before
 */
export function headerChanges(
  operations: readonly HeaderOperation[] | undefined,
  has: (name: string) => boolean,
): HeaderChanges {
  const changes = new Map<string, Change>();
  let refused = 0;
  for (const { name: given = '', value = '', operation } of operations ?? []) {
    const name = given.toLowerCase();
    if (!validName.test(name) || invalidInValue.test(value)) {
      refused++;
      continue;
    }
    const before = changes.get(name);
    if (operation === Operation.REMOVE) changes.set(name, { replaces: true, values: [] });
    else if (operation === Operation.APPEND && before !== undefined) before.values.push(value);
    else changes.set(name, { replaces: operation !== Operation.APPEND, values: [value] });
  }
  const set: HeaderValueOption[] = [];
  const remove: string[] = [];
  for (const [key, { replaces, values }] of changes) {
    if (values.length === 0) remove.push(key);
    for (const [i, value] of values.entries()) {
      const append = i > 0 || (!replaces && has(key));
      set.push({
        header: { key, value },
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the one that ext_authz reads
        append,
        appendAction: append ? Append.APPEND_IF_EXISTS_OR_ADD : Append.OVERWRITE_IF_EXISTS_OR_ADD,
      });
    }
  }
  return { set, remove, refused };
}
