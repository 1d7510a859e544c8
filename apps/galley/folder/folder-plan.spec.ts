import { Snapshot, type ConfigObject } from '@keelson/core/config';
import { FolderState } from '@keelson/edge/config-log';
import { planFolder, type FolderPlan } from './folder-plan';

const owner = 'folder:test';

function entry(name: string): string {
  return JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'shop' },
    spec: {
      hosts: [`${name}.example.com`],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
    },
  });
}

function route(name: string, subset?: string): string {
  const destination = { host: 'one.example.com', ...(subset !== undefined && { subset }) };
  return JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'shop' },
    spec: { hosts: ['one.example.com'], http: [{ route: [{ destination }] }] },
  });
}

function subsets(name: string): string {
  return JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace: 'shop' },
    spec: { host: 'one.example.com', subsets: [{ name: 'v1', labels: { version: 'v1' } }] },
  });
}

function snapshotOf(objects: [document: string, owner: string][]): Snapshot {
  const changes = objects.map(([document, by]) => {
    const object = JSON.parse(document) as ConfigObject;
    const { apiVersion, kind, metadata } = object;
    return { op: 'put' as const, apiVersion, kind, ...metadata, object: object as never, owner: by };
  });
  const time = new Date(0).toISOString();
  const commit = { format: 1 as const, id: '1', epoch: 'e', changes, author: '', reason: '', source: '', time };
  return Snapshot.empty('e').fold(commit, 'e-1');
}

function stateOf(...documents: string[]): FolderState {
  const state = new FolderState({ namespace: 'default' });
  for (const [i, document] of documents.entries()) state.setFile(`${i}.json`, document);
  state.takeChanges();
  return state;
}

function told({ requested }: FolderPlan): string[] {
  return requested.map((request) =>
    request.op === 'put' ? `put ${request.object.metadata.name}` : `delete ${request.ref.name}`,
  );
}

describe('bringing the log to what a folder holds', () => {
  it('puts what is there and deletes what it owns and is not', () => {
    const snapshot = snapshotOf([
      [entry('old'), owner],
      [entry('foreign'), 'api'],
    ]);
    expect(told(planFolder(snapshot, stateOf(entry('new')), owner, 'all'))).toEqual(['put new', 'delete old']);
  });

  it('leaves out what belongs to others, and says whose it is', () => {
    const snapshot = snapshotOf([[entry('one'), 'api']]);
    const plan = planFolder(snapshot, stateOf(entry('one'), entry('two')), owner, 'all');
    expect(told(plan)).toEqual(['put two']);
    expect(plan.problems).toMatchObject([
      { code: 'owned-by-other', message: expect.stringContaining('api') as string },
    ]);
  });

  it('leaves out what refers to nothing, and takes it in once that is there', () => {
    const snapshot = snapshotOf([]);
    const lacking = planFolder(snapshot, stateOf(entry('one'), route('r', 'v1')), owner, 'all');
    expect(told(lacking)).toEqual(['put one']);
    expect(lacking.problems).toMatchObject([{ code: 'bad-reference', object: 'VirtualService shop/r' }]);
    const whole = planFolder(snapshot, stateOf(entry('one'), route('r', 'v1'), subsets('d')), owner, 'all');
    expect(told(whole).sort()).toEqual(['put d', 'put one', 'put r']);
  });

  it('keeps what somebody else still needs', () => {
    const snapshot = snapshotOf([
      [entry('one'), owner],
      [subsets('d'), owner],
      [route('r', 'v1'), 'api'],
    ]);
    const plan = planFolder(snapshot, stateOf(entry('one'), entry('two')), owner, 'all');
    expect(told(plan).sort()).toEqual(['put one', 'put two']);
    expect(plan.problems).toMatchObject([
      {
        code: 'bad-reference',
        object: 'DestinationRule shop/d',
        message: expect.stringMatching(/^is not deleted: VirtualService shop\/r: .*still refers to/) as string,
      },
    ]);
  });

  it('leaves out only what takes from somebody else what he needs, and goes on with the rest', () => {
    const snapshot = snapshotOf([
      [entry('one'), owner],
      [entry('old'), owner],
      [subsets('d'), owner],
      [route('r', 'v1'), 'api'],
    ]);
    const changed = subsets('d').replaceAll('v1', 'v2').replace('io/v2', 'io/v1');
    const plan = planFolder(snapshot, stateOf(entry('one'), entry('two'), changed), owner, 'all');
    expect(told(plan)).toEqual(['put one', 'put two', 'delete old']);
    expect(plan.problems).toMatchObject([
      {
        object: 'DestinationRule shop/d',
        message: expect.stringMatching(/^is left out: VirtualService shop\/r: /) as string,
      },
    ]);
  });

  it('keeps one of two that somebody else needs one of', () => {
    const snapshot = snapshotOf([
      [entry('one'), owner],
      [entry('old'), owner],
      [subsets('d1'), owner],
      [subsets('d2'), owner],
      [route('r', 'v1'), 'api'],
    ]);
    const plan = planFolder(snapshot, stateOf(entry('one'), entry('two')), owner, 'all');
    expect(told(plan)).toHaveLength(4);
    expect(told(plan)).toEqual(expect.arrayContaining(['put one', 'put two', 'delete old']));
    expect(plan.problems).toHaveLength(1);
  });

  it('deletes nothing while a document cannot be read', () => {
    const snapshot = snapshotOf([[entry('old'), owner]]);
    const plan = planFolder(snapshot, stateOf(entry('new'), '{"kind": '), owner, 'all');
    expect(told(plan)).toEqual(['put new']);
    expect(plan.withheld).toEqual(['ServiceEntry/shop/old']);
  });

  it('deletes nothing while a part of the folder cannot be read', () => {
    const snapshot = snapshotOf([[entry('old'), owner]]);
    const state = stateOf(entry('new'));
    state.setTroubles(['b.yaml: EIO']);
    const plan = planFolder(snapshot, state, owner, 'all');
    expect([told(plan), plan.withheld]).toEqual([['put new'], ['ServiceEntry/shop/old']]);
    state.setTroubles([]);
    expect(told(planFolder(snapshot, state, owner, plan.withheld))).toEqual(['delete old']);
  });

  it('deletes nothing for a folder that was empty from the start, and says so, until a file is in it', () => {
    const snapshot = snapshotOf([[entry('old'), owner]]);
    const state = stateOf();
    state.setFile('blank.yaml', ' \n');
    const plan = planFolder(snapshot, state, owner, 'all');
    expect(told(plan)).toEqual([]);
    expect(plan.problems).toMatchObject([{ message: expect.stringContaining('is empty since the start') as string }]);
    state.setFile('a.yaml', '# nothing is meant to be here\n');
    expect(told(planFolder(snapshot, state, owner, plan.withheld))).toEqual(['delete old']);
    state.setFile('a.yaml', undefined);
    expect(told(planFolder(snapshot, state, owner, plan.withheld))).toEqual(['delete old']);
  });

  it('looks only at the keys that it is given', () => {
    const snapshot = snapshotOf([[entry('old'), owner]]);
    const plan = planFolder(snapshot, stateOf(entry('a'), entry('b')), owner, ['ServiceEntry/shop/b']);
    expect(told(plan)).toEqual(['put b']);
  });
});
