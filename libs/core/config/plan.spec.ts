import { ProblemError, type Problem } from '@keelson/core/problems';
import {
  checkObject,
  parseDocuments,
  planCommit,
  Snapshot,
  type CommitPlan,
  type ConfigObject,
  type RequestedChange,
} from '.';

function objects(yaml: string): ConfigObject[] {
  return parseDocuments(yaml).map(({ value }) => checkObject(value, { namespace: 'default' }).object);
}

const puts = (yaml: string): RequestedChange[] => objects(yaml).map((object) => ({ op: 'put', object }));

/** A snapshot after each of the texts was applied as one commit. */
function snapshotOf(...texts: string[]): Snapshot {
  return texts.reduce(
    (snapshot, text) => commit(snapshot, planCommit(snapshot, puts(text), 'api')),
    Snapshot.empty('e'),
  );
}

function commit(snapshot: Snapshot, { changes }: CommitPlan): Snapshot {
  const time = '2026-01-01T00:00:00Z';
  return snapshot.fold({ format: 1, id: '', epoch: 'e', changes, author: '', reason: '', source: '', time }, 'e-1');
}

function problems(snapshot: Snapshot, requested: RequestedChange[], owner = 'api'): readonly Problem[] {
  try {
    planCommit(snapshot, requested, owner);
  } catch (error) {
    if (error instanceof ProblemError) return error.problems;
    throw error;
  }
  return [];
}

const head = (kind: string, name: string, api = 'networking.istio.io/v1'): string =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: ${name}}\n`;
const gateway = `${head('Gateway', 'edge')}spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}\n`;
const service = `${head('ServiceEntry', 'reviews')}spec: {hosts: [reviews.default.svc.cluster.local], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}]}\n`;
const rule = (...subsets: string[]): string =>
  `${head('DestinationRule', 'reviews')}spec: {host: reviews, subsets: [${subsets.map((name) => `{name: ${name}}`).join(',')}]}\n`;
const routes = (subset: string, gateways = ''): string =>
  `${head('VirtualService', 'reviews')}spec: {hosts: [reviews.example.com], ${gateways} http: [{route: [{destination: {host: reviews, subset: ${subset}}}]}]}\n`;
const join = (...texts: string[]): string => texts.join('---\n');
const ref = (kind: string, name: string): RequestedChange => ({
  op: 'delete',
  ref: { kind, namespace: 'default', name },
});

describe('planCommit', () => {
  it('tells what it does to each object, and commits only what changes', () => {
    const snapshot = snapshotOf(join(service, rule('v1')));
    const plan = planCommit(snapshot, [...puts(join(service, rule('v1', 'v2'), gateway))], 'api');
    expect(plan.results.map(({ ref: { kind }, op }) => [kind, op])).toEqual([
      ['ServiceEntry', 'unchanged'],
      ['DestinationRule', 'configured'],
      ['Gateway', 'created'],
    ]);
    expect(plan.changes.map(({ op, kind, owner }) => [op, kind, owner])).toEqual([
      ['put', 'DestinationRule', 'api'],
      ['put', 'Gateway', 'api'],
    ]);
    expect(plan.warnings).toEqual([]);
  });

  it('makes no commit where nothing changes: not the order of keys, not the version of the API', () => {
    const snapshot = snapshotOf(service);
    const same = service
      .replace('networking.istio.io/v1', 'networking.istio.io/v1alpha3')
      .replace('{hosts', '{exportTo: null, hosts');
    expect(planCommit(snapshot, puts(same), 'api').changes).toEqual([]);
  });

  it('deletes with the version that is stored', () => {
    const snapshot = snapshotOf(service.replace('istio.io/v1', 'istio.io/v1beta1'));
    expect(planCommit(snapshot, [ref('ServiceEntry', 'reviews')], 'api').changes).toEqual([
      {
        op: 'delete',
        apiVersion: 'networking.istio.io/v1beta1',
        kind: 'ServiceEntry',
        namespace: 'default',
        name: 'reviews',
        owner: 'api',
      },
    ]);
    expect(problems(snapshot, [ref('ServiceEntry', 'other')])).toMatchObject([
      { code: 'not-found', object: 'ServiceEntry default/other' },
    ]);
  });

  it('refuses an object that is asked for twice', () => {
    expect(problems(Snapshot.empty('e'), puts(join(service, service)))).toMatchObject([
      { code: 'duplicate', object: 'ServiceEntry default/reviews' },
    ]);
  });

  it('refuses to change or delete what belongs to somebody else, and names him', () => {
    const snapshot = commit(Snapshot.empty('e'), planCommit(Snapshot.empty('e'), puts(service), 'folder:sample'));
    for (const request of [puts(service), [ref('ServiceEntry', 'reviews')]])
      expect(problems(snapshot, request)).toEqual([
        expect.objectContaining({
          code: 'owned-by-other',
          object: 'ServiceEntry default/reviews',
          message: expect.stringContaining('belongs to folder:sample') as string,
        }),
      ]);
    expect(problems(snapshot, puts(service), 'folder:sample')).toEqual([]);
  });

  it('tells every problem of a request', () => {
    expect(problems(Snapshot.empty('e'), [ref('Gateway', 'a'), ref('Gateway', 'b')])).toHaveLength(2);
  });
});

describe('M6 a reference to nothing is refused', () => {
  it('names the field that names a Gateway that is not there', () => {
    expect(problems(snapshotOf(join(service, rule('v1'))), puts(routes('v1', 'gateways: [mesh, edge],')))).toEqual([
      {
        code: 'bad-reference',
        message: 'Gateway default/edge does not exist',
        object: 'VirtualService default/reviews',
        field: 'spec.gateways[1]',
      },
    ]);
    expect(
      problems(snapshotOf(join(service, rule('v1'))), puts(join(gateway, routes('v1', 'gateways: [edge],')))),
    ).toEqual([]);
  });

  it.each(['default/edge', './edge', 'edge.default', 'edge.default.svc.cluster.local'])(
    'finds a Gateway as %s',
    (name) => {
      expect(
        problems(snapshotOf(join(service, rule('v1'), gateway)), puts(routes('v1', `gateways: [${name}],`))),
      ).toEqual([]);
    },
  );

  it('names the field of a subset that no DestinationRule has', () => {
    expect(problems(snapshotOf(service), puts(routes('v1')))).toMatchObject([
      { code: 'bad-reference', field: 'spec.http[0].route[0].destination.subset' },
    ]);
    expect(problems(snapshotOf(join(service, rule('v1'))), puts(routes('v2')))).toMatchObject([
      { message: 'subset v2 of reviews.default.svc.cluster.local in a DestinationRule does not exist' },
    ]);
  });

  it('finds a subset in a rule for a wildcard, and in the same commit', () => {
    const wildcard = rule('v1').replace('host: reviews', 'host: "*.default.svc.cluster.local"');
    expect(problems(snapshotOf(service), puts(join(routes('v1'), wildcard)))).toEqual([]);
  });

  it('warns of a host that nothing serves', () => {
    expect(
      planCommit(Snapshot.empty('e'), puts(join(rule('v1'), routes('v1'))), 'api').warnings.map(({ object, field }) => [
        object,
        field,
      ]),
    ).toEqual([
      ['DestinationRule default/reviews', 'spec.host'],
      ['VirtualService default/reviews', 'spec.http[0].route[0].destination.host'],
    ]);
  });

  it('refuses to take away what another object refers to, and names that', () => {
    const snapshot = snapshotOf(join(service, rule('v1', 'v2'), gateway), routes('v1', 'gateways: [edge],'));
    expect(problems(snapshot, [ref('Gateway', 'edge')])).toEqual([
      {
        code: 'bad-reference',
        message: 'still refers to Gateway default/edge, which would be gone',
        object: 'VirtualService default/reviews',
        field: 'spec.gateways[0]',
      },
    ]);
    expect(problems(snapshot, puts(rule('v2')))).toMatchObject([
      { object: 'VirtualService default/reviews', field: 'spec.http[0].route[0].destination.subset' },
    ]);
    expect(problems(snapshot, [ref('DestinationRule', 'reviews')])).toHaveLength(1);
    expect(problems(snapshot, puts(rule('v1')))).toEqual([]);
  });

  it('takes away both at once, and what another object still provides', () => {
    const snapshot = snapshotOf(join(service, rule('v1'), gateway), routes('v1', 'gateways: [edge],'));
    expect(
      problems(snapshot, [ref('VirtualService', 'reviews'), ref('Gateway', 'edge'), ref('DestinationRule', 'reviews')]),
    ).toEqual([]);
    const other = rule('v1').replace('name: reviews', 'name: other');
    expect(problems(snapshot, [ref('DestinationRule', 'reviews'), ...puts(other)])).toEqual([]);
  });

  it('warns when a service goes that others name, and lets it go', () => {
    const plan = planCommit(
      snapshotOf(join(service, rule('v1'), routes('v1'))),
      [ref('ServiceEntry', 'reviews')],
      'api',
    );
    expect(plan.warnings.map(({ object }) => object)).toEqual([
      'DestinationRule default/reviews',
      'VirtualService default/reviews',
    ]);
    expect(plan.changes).toHaveLength(1);
  });

  it('does not blame a commit for references that were bad before it', () => {
    const [bad] = objects(routes('v9', 'gateways: [nowhere],'));
    const { kind, apiVersion } = bad!;
    const folded = commit(Snapshot.empty('e'), {
      changes: [
        { op: 'put', apiVersion, kind, namespace: 'default', name: 'reviews', object: bad as never, owner: 'api' },
      ],
      results: [],
      warnings: [],
    });
    expect(problems(folded, puts(join(service, rule('v1'))))).toEqual([]);
  });
});

describe('references by wildcards', () => {
  it('finds who loses the rule for a wildcard', () => {
    const wildcard = rule('v1').replace('host: reviews', 'host: "*.default.svc.cluster.local"');
    const snapshot = snapshotOf(join(service, wildcard), routes('v1'));
    expect(problems(snapshot, [ref('DestinationRule', 'reviews')])).toMatchObject([
      { object: 'VirtualService default/reviews' },
    ]);
    expect(problems(snapshot, puts(rule('v1')))).toEqual([]);
    expect(problems(snapshot, puts(wildcard.replace('default.svc', 'other.svc')))).toHaveLength(1);
  });
});
