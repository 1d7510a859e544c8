import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FolderSnapshot, type FolderBatch } from './folder-snapshot';
import { FolderState, refOf } from './folder-state';

function entry(name: string, host = `${name}.example.com`): string {
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: ServiceEntry',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {hosts: [${host}], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC}`,
    '',
  ].join('\n');
}

function route(name: string, host: string): string {
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: VirtualService',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {hosts: [${host}], http: [{route: [{destination: {host: ${host}}}]}]}`,
    '',
  ].join('\n');
}

function folder(): FolderState {
  return new FolderState({ namespace: 'default' });
}

function step(state: FolderState): { put: string[]; remove: string[] } {
  const { put, remove } = state.takeChanges();
  return { put: put.map((checked) => refOf(checked).name), remove: remove.map(({ name }) => name) };
}

/** Bytes of the heap that are in use when all that is not was collected. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('the documents of a folder', () => {
  it('keep no text but their own, whatever is changed in a large file', () => {
    const documents = Array.from({ length: 60 }, (_, i) => entry(`s${i}`));
    const large = `---\n# ${'x'.repeat(2_000_000)}\n`;
    const state = folder();
    const write = (): void => {
      state.setFile('a.yaml', documents.join('---\n') + large);
      state.takeChanges();
    };
    write();
    const before = heapInUse();
    for (let i = 0; i < documents.length; i++) {
      documents[i] = entry(`s${i}`, `other${i}.example.com`);
      write();
    }
    expect(state.objects.size).toBe(documents.length);
    expect(heapInUse() - before).toBeLessThan(20_000_000);
  });

  it('parses what changed only', () => {
    const documents = Array.from({ length: 100 }, (_, i) => entry(`s${i}`));
    const state = folder();
    state.setFile('a.yaml', documents.join('---\n'));
    expect(step(state).put).toHaveLength(100);
    expect(state.parsed).toBe(100);
    documents[17] = entry('s17', 'other.example.com');
    state.setFile('a.yaml', documents.join('---\n'));
    expect(step(state)).toEqual({ put: ['s17'], remove: [] });
    expect(state.parsed).toBe(101);
  });

  it('knows documents again that moved, and is quiet about those that mean the same', () => {
    const state = folder();
    state.setFile('a.yaml', [entry('one'), entry('two')].join('---\n'));
    step(state);
    state.setFile('a.yaml', [entry('zero'), entry('one'), `# a remark\n${entry('two')}`].join('---\n'));
    expect(step(state)).toEqual({ put: ['zero'], remove: [] });
    expect(state.parsed).toBe(4);
  });

  it('removes what left, with its file too', () => {
    const state = folder();
    state.setFile('a.yaml', [entry('one'), entry('two')].join('---\n'));
    state.setFile('b/c.yaml', entry('three'));
    step(state);
    state.setFile('a.yaml', entry('two'));
    expect(step(state)).toEqual({ put: [], remove: ['one'] });
    state.setFile('b/c.yaml', undefined);
    expect(step(state)).toEqual({ put: [], remove: ['three'] });
    expect(state.isAbsent('ServiceEntry/shop/three')).toBe(true);
  });

  it('names what is wrong, applies the rest, and keeps the last good version', () => {
    const state = folder();
    state.setFile('a.yaml', [entry('one'), entry('two')].join('---\n'));
    step(state);
    const broken = entry('one').replace('resolution: STATIC', 'resolution: NEVER');
    state.setFile('a.yaml', [broken, entry('two', 'new.example.com'), entry('three')].join('---\n'));
    expect(step(state)).toEqual({ put: ['three', 'two'], remove: [] });
    expect(state.objects.has('ServiceEntry/shop/one')).toBe(true);
    const [problem] = state.problems();
    expect(problem).toMatchObject({ object: 'ServiceEntry shop/one', field: 'spec.resolution' });
    expect(problem!.message).toMatch(/^a\.yaml: /);
    state.setFile('a.yaml', [entry('two', 'new.example.com'), entry('three')].join('---\n'));
    expect(step(state)).toEqual({ put: [], remove: ['one'] });
    expect(state.problems()).toEqual([]);
  });

  it('lets nothing go of a file in which something cannot be read', () => {
    const state = folder();
    state.setFile('a.yaml', [entry('one'), entry('two')].join('---\n'));
    step(state);
    state.setFile('a.yaml', [entry('one'), 'kind: {{{'].join('---\n'));
    expect(step(state)).toEqual({ put: [], remove: [] });
    expect(state.isAbsent('ServiceEntry/shop/from-an-earlier-run')).toBe(false);
    expect(state.problems()).toMatchObject([{ line: expect.any(Number) as number }]);
    state.setFile('a.yaml', entry('one'));
    expect(step(state)).toEqual({ put: [], remove: ['two'] });
  });

  it('tells of an object that is in a file twice as long as it is, and once', () => {
    const state = folder();
    const write = (...documents: string[]): unknown[] => {
      state.setFile('a.yaml', documents.join('---\n'));
      state.takeChanges();
      return state.problems().map(({ code, object, line }) => [code, object, line]);
    };
    const again = entry('one', 'again.example.com');
    write(entry('one'), again);
    expect(write(entry('one'), again, entry('two'))).toEqual([['duplicate', 'ServiceEntry shop/one', 6]]);
    expect(write(entry('one'), entry('two'), again)).toEqual([['duplicate', 'ServiceEntry shop/one', 11]]);
    expect(write(again, entry('two'))).toEqual([]);
  });

  it('knows of nothing that it is absent while a part of the folder cannot be read, and tells which', () => {
    const state = folder();
    state.setFile('a.yaml', entry('one'));
    state.setTroubles(['b.yaml: EACCES']);
    expect(state.isAbsent('ServiceEntry/shop/two')).toBe(false);
    expect(state.problems()).toEqual([{ code: 'unavailable', message: 'b.yaml: EACCES' }]);
    state.setTroubles([]);
    expect(state.isAbsent('ServiceEntry/shop/two')).toBe(true);
  });

  it('counts the first of two files with one object, and goes on with the second when that leaves', () => {
    const state = folder();
    state.setFile('b.yaml', entry('one', 'b.example.com'));
    state.setFile('a.yaml', entry('one', 'a.example.com'));
    state.takeChanges();
    const hosts = (): unknown => state.objects.get('ServiceEntry/shop/one')!.object.spec['hosts'];
    expect(hosts()).toEqual(['a.example.com']);
    expect(state.problems()).toMatchObject([{ code: 'duplicate', object: 'ServiceEntry shop/one' }]);
    state.setFile('a.yaml', undefined);
    expect(step(state)).toEqual({ put: ['one'], remove: [] });
    expect(hosts()).toEqual(['b.example.com']);
  });
});

describe('a folder as the one source', () => {
  function follow(): { state: FolderState; advance: () => FolderBatch } {
    const state = folder();
    const snapshot = new FolderSnapshot();
    return { state, advance: () => snapshot.advance(state.takeChanges(), state.problems()) };
  }

  it('gives each step a revision, and each object that of its last change', () => {
    const { state, advance } = follow();
    state.setFile('a.yaml', [entry('one'), entry('two')].join('---\n'));
    const first = advance();
    expect(first.revision).toBe('fs-1');
    expect(first.put.map(({ name, revision, created }) => [name, revision, created])).toEqual([
      ['one', 'fs-1', 0],
      ['two', 'fs-1', 0],
    ]);
    state.setFile('a.yaml', [entry('one', 'x.example.com')].join('---\n'));
    const second = advance();
    expect(second.put.map(({ name, revision }) => [name, revision])).toEqual([['one', 'fs-2']]);
    expect(second.remove).toEqual([{ kind: 'ServiceEntry', namespace: 'shop', name: 'two' }]);
  });

  it('tells of references to nothing and uses the objects all the same', () => {
    const { state, advance } = follow();
    state.setFile('r.yaml', route('r', 'one.example.com'));
    const first = advance();
    expect(first.put).toHaveLength(1);
    expect(first.problems).toMatchObject([{ code: 'bad-reference', object: 'VirtualService shop/r' }]);
    state.setFile('s.yaml', entry('one'));
    expect(advance().problems).toEqual([]);
    state.setFile('s.yaml', undefined);
    expect(advance().problems).toMatchObject([{ code: 'bad-reference', object: 'VirtualService shop/r' }]);
  });
});
