import { HeaderOperation_Operation as Operation, type HeaderOperation } from '@keelson/api/istio/mixer/v1/mixer';
import fc from 'fast-check';
import { headerChanges, type HeaderChanges } from './header-operations';

const { REPLACE, REMOVE, APPEND } = Operation;

/** What the operations do, one after the other. */
function inOrder(operations: readonly HeaderOperation[], before: ReadonlyMap<string, string[]>): Map<string, string[]> {
  const headers = new Map(before);
  for (const { name = '', value = '', operation } of operations) {
    if (operation === REMOVE) headers.delete(name);
    else if (operation === APPEND) headers.set(name, [...(headers.get(name) ?? []), value]);
    else headers.set(name, [value]);
  }
  return headers;
}

/** What Envoy does: it sets, appends to headers that are there, and removes. */
function asEnvoy({ set, remove }: HeaderChanges, before: ReadonlyMap<string, string[]>): Map<string, string[]> {
  const headers = new Map(before);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the one that ext_authz reads
  const parts = set.map(({ header, append }) => ({ name: header?.key ?? '', value: header?.value ?? '', append }));
  for (const { name, value, append } of parts) if (append !== true) headers.set(name, [value]);
  for (const { name, value, append } of parts) {
    const there = headers.get(name);
    if (append === true && there !== undefined) headers.set(name, [...there, value]);
  }
  for (const name of remove) headers.delete(name);
  return headers;
}

const names = fc.constantFrom('a', 'b');
const values = fc.constantFrom('1', '2', '3');

it('S40 comes to what the operations do in order', () => {
  const operations = fc.array(
    fc.record({ name: names, value: values, operation: fc.constantFrom(REPLACE, REMOVE, APPEND) }),
  );
  fc.assert(
    fc.property(
      operations,
      fc.array(fc.tuple(names, fc.array(values, { minLength: 1, maxLength: 2 }))),
      (given, entries) => {
        const before = new Map<string, string[]>(entries);
        const changes = headerChanges(given, (name) => before.has(name));
        expect(asEnvoy(changes, before)).toEqual(inOrder(given, before));
      },
    ),
  );
});

it('leaves out what Envoy would answer 500 to, and counts it', () => {
  const given = [
    { name: 'A b', value: '1' },
    { name: '', value: '1' },
    { name: 'ok', value: 'a\nb' },
    { name: 'X-Ok', value: 'ä' },
  ];
  const { set, remove, refused } = headerChanges(given, () => false);
  expect(set.map(({ header }) => header)).toEqual([{ key: 'x-ok', value: 'ä' }]);
  expect([remove, refused]).toEqual([[], 3]);
});
