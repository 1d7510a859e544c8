import { Resources, type RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { encodeMark, revisionCollection } from './mark';
import { encodeResource, type ResourceFields } from './encoded-resource';
import { encodeResponse } from './response';
import type { Round } from './round';
import { SinkHoldings } from './sink-holdings';
import { SinkSession, type SinkSessionOptions } from './sink-session';

const routes = 'istio/networking/v1alpha3/virtualservices';
const rules = 'istio/networking/v1alpha3/destinationrules';
const type = 'type.googleapis.com/test.Kind';

let nonces = 0;

function response(
  collection: string,
  resources: (Partial<ResourceFields> & { name: string })[],
  more: { removed?: string[]; incremental?: boolean; revision?: string } = {},
): Resources {
  return Resources.decode(
    encodeResponse({
      revision: more.revision ?? 'e-1',
      collection,
      resources: resources.map((fields) =>
        encodeResource({ version: 'e-1', typeUrl: type, body: new Uint8Array([1]), ...fields }),
      ),
      removed: more.removed ?? [],
      incremental: more.incremental ?? true,
      nonce: String(++nonces),
    }),
  );
}

function mark(revision: string): Resources {
  const resources = [encodeMark(revision)];
  const parts = { revision, collection: revisionCollection, resources, removed: [], incremental: false };
  return Resources.decode(encodeResponse({ ...parts, nonce: String(++nonces) }));
}

function sink(options: Partial<SinkSessionOptions> = {}): {
  session: SinkSession;
  rounds: Round[];
  holdings: SinkHoldings;
} {
  const rounds: Round[] = [];
  const holdings = new SinkHoldings();
  const session = new SinkSession(holdings, {
    sinkNode: { id: 'pilot' },
    collections: [routes, rules],
    marked: true,
    onRound: (round) => rounds.push(round),
    ...options,
  });
  return { session, rounds, holdings };
}

function refusal(request: RequestResources): string | undefined {
  return request.errorDetail?.message;
}

describe('the sink end of an MCP connection', () => {
  it('asks for each collection with what it holds, and for the mark last', () => {
    const { session, holdings } = sink();
    expect(session.opening().map(({ collection }) => collection)).toEqual([routes, rules, revisionCollection]);
    session.receive(response(routes, [{ name: 'a/r', version: 'e-7' }]));
    session.receive(response(rules, []));
    session.receive(mark('e-7'));
    const again = new SinkSession(holdings, {
      sinkNode: {},
      collections: [routes],
      marked: true,
      onRound: () => undefined,
    });
    expect(again.opening()[0]).toMatchObject({ incremental: true, initialResourceVersions: { 'a/r': 'e-7' } });
  });

  it('stages until the mark, then folds the commit as a whole', () => {
    const { session, rounds } = sink();
    expect(refusal(session.receive(response(routes, [{ name: 'a/r' }])))).toBeUndefined();
    expect(refusal(session.receive(response(rules, [{ name: 'a/d' }])))).toBeUndefined();
    expect(rounds).toEqual([]);
    expect(refusal(session.receive(mark('e-1')))).toBeUndefined();
    expect(rounds).toHaveLength(1);
    expect(rounds[0]).toMatchObject({ revision: 'e-1', full: true, synced: true });
    expect(rounds[0]!.changes.map(({ collection, put }) => [collection, put.map(({ name }) => name)])).toEqual([
      [routes, ['a/r']],
      [rules, ['a/d']],
    ]);
    session.receive(response(routes, [], { removed: ['a/r', 'a/never'] }));
    session.receive(mark('e-2'));
    expect(rounds[1]).toMatchObject({ full: false, changes: [{ collection: routes, put: [], remove: ['a/r'] }] });
  });

  it('refuses a mark before every collection was answered', () => {
    const { session, rounds } = sink();
    session.receive(response(routes, [{ name: 'a/r' }]));
    expect(refusal(session.receive(mark('e-1')))).toContain(`no answer yet for ${rules}`);
    expect(rounds).toEqual([]);
  });

  it('folds nothing of a revision of which it refused a part, and all of it once that is mended', () => {
    const { session, rounds } = sink({ typeUrls: { [rules]: type } });
    session.receive(response(routes, [{ name: 'a/r' }]));
    const refused = session.receive(response(rules, [{ name: 'a/d', typeUrl: 'type.googleapis.com/other' }]));
    expect(refused.errorDetail).toMatchObject({
      code: 3,
      message: `a/d is a type.googleapis.com/other, not a ${type}`,
    });
    expect(refusal(session.receive(mark('e-1')))).toContain('is not whole');
    expect(rounds).toEqual([]);
    session.receive(response(rules, [{ name: 'a/d', version: 'e-2' }]));
    session.receive(mark('e-2'));
    expect(rounds[0]!.changes.map(({ collection }) => collection)).toEqual([routes, rules]);
  });

  it('takes a difference back of which it refused a part, and nothing that came before it', () => {
    const { session, rounds } = sink({ typeUrls: { [routes]: type, [rules]: type } });
    const wrong = { name: 'a/wrong', typeUrl: 'type.googleapis.com/other' };
    session.receive(response(routes, [{ name: 'a/held' }, { name: 'a/gone' }]));
    session.receive(response(rules, []));
    session.receive(mark('e-1'));
    // Not folded, for the other collection was refused.
    session.receive(response(routes, [{ name: 'a/staged' }], { removed: ['a/gone'], revision: 'e-2' }));
    session.receive(response(rules, [wrong], { revision: 'e-2' }));
    expect(refusal(session.receive(mark('e-2')))).toContain('is not whole');
    session.receive(response(rules, [], { revision: 'e-3' }));
    for (const name of ['a/gone', 'a/new'])
      expect(refusal(session.receive(response(routes, [{ name }], { revision: 'e-3' })))).toBeUndefined();
    session.receive(response(routes, [wrong], { removed: ['a/held'], revision: 'e-3' }));
    session.receive(response(routes, [{ name: 'a/last' }], { revision: 'e-4' }));
    session.receive(mark('e-4'));
    expect(rounds).toHaveLength(2);
    expect(rounds[1]!.changes).toMatchObject([
      { collection: routes, put: [{ name: 'a/staged' }, { name: 'a/last' }], remove: ['a/gone'] },
    ]);
  });

  it('takes a whole set as what there is', () => {
    const { session, rounds } = sink();
    session.receive(response(routes, [{ name: 'a/1' }, { name: 'a/2' }]));
    session.receive(response(rules, []));
    session.receive(mark('e-1'));
    session.receive(response(routes, [{ name: 'a/2' }, { name: 'a/3' }], { incremental: false, removed: ['a/2'] }));
    session.receive(mark('e-2'));
    expect(rounds[1]!.changes).toMatchObject([{ put: [{ name: 'a/3' }], remove: ['a/1'] }]);
  });

  it('applies response by response from a source without marks', () => {
    const { session, rounds } = sink({ marked: false });
    expect(session.opening().map(({ collection }) => collection)).toEqual([routes, rules]);
    session.receive(response(routes, [{ name: 'a/r' }], { revision: 'x/1' }));
    session.receive(response(rules, [], { revision: 'x/2' }));
    expect(rounds.map(({ revision, synced, full }) => ({ revision, synced, full }))).toEqual([
      { revision: 'x/1', synced: false, full: false },
      { revision: 'x/2', synced: true, full: false },
    ]);
  });

  it('drops a response of a source without marks that its owner could not take: the source still owes it', () => {
    const rounds: Round[] = [];
    const { session } = sink({
      marked: false,
      onRound: (round) => {
        if (round.revision === 'x/1') throw new Error('not now');
        rounds.push(round);
      },
    });
    expect(refusal(session.receive(response(routes, [{ name: 'a/1' }], { revision: 'x/1' })))).toBe('not now');
    session.receive(response(routes, [{ name: 'a/2' }], { revision: 'x/2' }));
    expect(rounds[0]!.changes).toMatchObject([{ put: [{ name: 'a/2' }] }]);
  });

  it('forgets what was only staged when the connection is a new one', () => {
    const { session, rounds, holdings } = sink();
    session.receive(response(routes, [{ name: 'a/r' }]));
    const next = new SinkSession(holdings, {
      sinkNode: {},
      collections: [routes],
      marked: true,
      onRound: (round) => rounds.push(round),
    });
    expect(next.opening()[0]!.initialResourceVersions).toEqual({});
    next.receive(response(routes, []));
    next.receive(mark('e-2'));
    expect(rounds[0]!.changes).toEqual([]);
  });

  it('refuses a round that its owner could not take, and offers it again with the next', () => {
    let broken = true;
    const seen: Round[] = [];
    const { session } = sink({
      onRound: (round) => {
        if (broken) throw new Error('out of order');
        seen.push(round);
      },
    });
    session.receive(response(routes, [{ name: 'a/r' }]));
    session.receive(response(rules, []));
    expect(refusal(session.receive(mark('e-1')))).toBe('out of order');
    broken = false;
    session.receive(mark('e-2'));
    expect(seen[0]!.changes).toMatchObject([{ put: [{ name: 'a/r' }] }]);
  });

  it.each([
    ['an unknown collection', response('istio/unknown', []), 12, 'unsupported collection "istio/unknown"'],
    ['a resource without a name', response(routes, [{ name: '' }]), 3, 'has no name'],
    ['a body without a type', response(routes, [{ name: 'a/r', typeUrl: '' }]), 3, 'a/r has no body with a type'],
    ['a name twice', response(routes, [{ name: 'a/r' }, { name: 'a/r' }]), 3, 'a/r comes twice'],
    [
      'a body over the limit',
      response(routes, [{ name: 'a/r', body: new Uint8Array(101) }]),
      3,
      'a/r has 101 bytes, more than 100',
    ],
    [
      'too many resources',
      response(routes, [{ name: 'a/1' }, { name: 'a/2' }, { name: 'a/3' }, { name: 'a/4' }]),
      3,
      'holds more than 3 resources',
    ],
    ['a mark that is no revision', response(revisionCollection, [{ name: 'revision' }]), 3, 'is no revision'],
    ['a mark of nothing', response(revisionCollection, []), 3, 'a mark is exactly one resource'],
  ])('refuses %s with a text', (_, message, code, text) => {
    const { session, rounds } = sink({ limits: { resources: 3, bodyBytes: 100 } });
    const answer = session.receive(message);
    expect(answer).toMatchObject({ collection: message.collection, responseNonce: message.nonce });
    expect(answer.errorDetail?.code).toBe(code);
    expect(answer.errorDetail?.message).toContain(text);
    expect(rounds).toEqual([]);
  });
});
