import { QuotaSpec } from '@keelson/api/istio/mixer/v1/config/client/quota';
import type { Attribute } from '@keelson/core/attributes';
import { quotasOf } from './quota-specs';

type Match = { $case: 'exact' | 'prefix' | 'regex'; value: string };

function text(...rules: { match?: Record<string, Match>[]; charge?: number; quota?: string }[]): string {
  const spec: QuotaSpec = {
    rules: rules.map(({ match = [], charge = 1, quota = 'q' }) => ({
      match: match.map((clauses) => ({
        clause: Object.fromEntries(Object.entries(clauses).map(([name, matchType]) => [name, { matchType }])),
      })),
      quotas: [{ quota, charge }],
    })),
  };
  return Buffer.from(QuotaSpec.encode(spec).finish()).toString('base64');
}

const attributes = new Map<string, Attribute>([
  ['request.path', { type: 'STRING', value: '/reviews/1' }],
  ['request.method', { type: 'STRING', value: 'GET' }],
  ['destination.port', { type: 'INT64', value: 80 }],
]);

const amounts = (given: string | undefined): Record<string, unknown> =>
  Object.fromEntries([...quotasOf(given, attributes)].map(([name, { amount }]) => [name, amount]));

const exact = (value: string): Match => ({ $case: 'exact', value });
const prefix = (value: string): Match => ({ $case: 'prefix', value });
const regex = (value: string): Match => ({ $case: 'regex', value });

describe('S41 the quotas of a request', () => {
  it.each<[string, Record<string, Match>[], boolean]>([
    ['no match', [], true],
    ['an exact text', [{ 'request.method': exact('GET') }], true],
    ['another text', [{ 'request.method': exact('GE') }], false],
    ['a prefix', [{ 'request.path': prefix('/reviews') }], true],
    ['a pattern of the whole text', [{ 'request.path': regex('/reviews/\\d') }], true],
    ['a pattern of a part', [{ 'request.path': regex('/reviews') }], false],
    ['a pattern that is none', [{ 'request.path': regex('(') }], false],
    ['all clauses', [{ 'request.method': exact('GET'), 'request.path': prefix('/r') }], true],
    ['one clause of two', [{ 'request.method': exact('GET'), 'request.path': prefix('/x') }], false],
    ['one match of two', [{ 'request.method': exact('PUT') }, { 'request.method': exact('GET') }], true],
    ['an attribute that is absent', [{ 'source.name': prefix('') }], false],
    ['an attribute that is no text', [{ 'destination.port': exact('80') }], false],
  ])('%s', (_, match, taken) => {
    expect(amounts(text({ match }))).toEqual(taken ? { q: 1 } : {});
  });

  it('adds up what several rules take', () => {
    expect(
      amounts(text({ charge: 2 }, { charge: 3 }, { quota: 'other', charge: 0 }, { quota: 'off', charge: -1 })),
    ).toEqual({ q: 5, other: 1 });
  });

  it.each([undefined, '', 'AAAA', '%%%', Buffer.from([0x0a, 0x7f]).toString('base64')])('takes none by %j', (given) => {
    expect(amounts(given)).toEqual({});
  });
});
