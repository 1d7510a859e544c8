import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@keelson/edge/service';
import type { FolderBatch } from './folder-snapshot';
import { watchDocuments, watchFolder, type FolderWatch } from './watch-folder';

function entry(name: string, host = `${name}.example.com`): string {
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: ServiceEntry',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {hosts: [${host}], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC}`,
    '',
  ].join('\n');
}

/** What a watched folder holds, batch by batch. */
class Followed {
  readonly names = new Map<string, string>();
  readonly batches: FolderBatch[] = [];
  private waiting: (() => void)[] = [];
  readonly watch: FolderWatch;

  constructor(dir: string, pollMs = 60_000) {
    this.watch = watchFolder({
      dir,
      pollMs,
      log: createLog('test', 'silent'),
      onChange: (batch) => {
        this.batches.push(batch);
        for (const { name, spec } of batch.put) this.names.set(name, String((spec as { hosts: string[] }).hosts[0]));
        for (const { name } of batch.remove) this.names.delete(name);
        for (const wake of this.waiting.splice(0)) wake();
      },
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

describe('a watched folder', () => {
  let dir = '';
  let followed: Followed;
  const others: FolderWatch[] = [];
  const follow = async (pollMs?: number): Promise<Followed> => {
    followed = new Followed(dir, pollMs);
    await followed.until(() => followed.batches.length > 0);
    return followed;
  };
  /** As tools that care do it: a new file takes the place of the old one. */
  const replace = (name: string, text: string): void => {
    writeFileSync(join(dir, `${name}.tmp`), text);
    renameSync(join(dir, `${name}.tmp`), join(dir, name));
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'keelson-folder-'));
  });
  afterEach(() => {
    for (const watch of [followed.watch, ...others.splice(0)]) watch.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is read as a whole first, be it empty', async () => {
    writeFileSync(join(dir, 'a.yaml'), entry('one'));
    mkdirSync(join(dir, 'more'));
    writeFileSync(join(dir, 'more', 'b.yml'), entry('two'));
    writeFileSync(join(dir, 'notes.txt'), entry('no'));
    writeFileSync(join(dir, '.hidden.yaml'), entry('no'));
    const { batches, names } = await follow();
    expect(batches).toHaveLength(1);
    expect(batches[0]!.revision).toBe('fs-1');
    expect([...names.keys()].sort()).toEqual(['one', 'two']);
  });

  it('is followed through renames, writes, new folders and removals', async () => {
    const { names } = await follow();
    replace('a.yaml', [entry('one'), entry('two')].join('---\n'));
    await followed.until(() => names.size === 2);
    replace('a.yaml', [entry('one', 'new.example.com'), entry('two')].join('---\n'));
    await followed.until(() => names.get('one') === 'new.example.com');
    expect(followed.batches.at(-1)!.put).toHaveLength(1);
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'sub', 'c.json'), JSON.stringify(JSON.parse(asJson('three'))));
    await followed.until(() => names.has('three'));
    writeFileSync(join(dir, 'sub', 'c.json'), asJson('four'));
    await followed.until(() => names.has('four'));
    expect(names.has('three')).toBe(false);
    rmSync(join(dir, 'a.yaml'));
    await followed.until(() => !names.has('one'));
    rmSync(join(dir, 'sub'), { recursive: true });
    await followed.until(() => names.size === 0);
  });

  it('never takes a file that is being written for what it will hold', async () => {
    const documents = Array.from({ length: 50 }, (_, i) => entry(`s${i}`));
    writeFileSync(join(dir, 'a.yaml'), documents.join('---\n'));
    const { names, batches } = await follow();
    expect(names.size).toBe(50);
    // A writer that truncates and then writes piece by piece, in one go.
    writeFileSync(join(dir, 'a.yaml'), '');
    for (const document of [...documents, entry('last')]) appendFileSync(join(dir, 'a.yaml'), `${document}---\n`);
    await followed.until(() => names.has('last'));
    expect(batches.flatMap(({ remove }) => remove)).toEqual([]);
    expect(names.size).toBe(51);
  });

  it('keeps the last good version of what was broken, and applies the rest', async () => {
    writeFileSync(join(dir, 'a.yaml'), [entry('one'), entry('two')].join('---\n'));
    const { names } = await follow();
    replace('a.yaml', [entry('one').replace('STATIC', 'NEVER'), entry('two', 'new.example.com')].join('---\n'));
    await followed.until(() => names.get('two') === 'new.example.com');
    expect(names.get('one')).toBe('one.example.com');
    expect(followed.batches.at(-1)!.problems).toMatchObject([
      { object: 'ServiceEntry shop/one', field: 'spec.resolution' },
    ]);
  });

  it('is followed where the folder is a link that is turned, as mounted configuration is', async () => {
    mkdirSync(join(dir, '..v1'));
    writeFileSync(join(dir, '..v1', 'a.yaml'), entry('one'));
    symlinkSync('..v1', join(dir, '..data'));
    symlinkSync('..data/a.yaml', join(dir, 'a.yaml'));
    const { names } = await follow();
    expect([...names.keys()]).toEqual(['one']);
    mkdirSync(join(dir, '..v2'));
    writeFileSync(join(dir, '..v2', 'a.yaml'), entry('two'));
    symlinkSync('..v2', join(dir, '..data.new'));
    renameSync(join(dir, '..data.new'), join(dir, '..data'));
    await followed.until(() => names.has('two'));
    expect(names.has('one')).toBe(false);
  });

  it.each([
    ['runs in a circle', 'a.yaml', 'ELOOP'],
    ['leads to nothing', 'nowhere.yaml', 'ENOENT'],
  ])(
    'knows of nothing that it is absent while a file %s, also if it was so from the start',
    async (_, target, reason) => {
      writeFileSync(join(dir, 'b.yaml'), entry('two'));
      symlinkSync(target, join(dir, 'a.yaml'));
      const absent: [boolean, string[]][] = [];
      let wake: () => void = () => undefined;
      const other = watchDocuments({
        dir,
        pollMs: 60_000,
        log: createLog('test', 'silent'),
        onChange: (state, _changes, problems) => {
          absent.push([state.isAbsent('ServiceEntry/shop/one'), problems.map(({ message }) => message)]);
          wake();
        },
      });
      others.push(other);
      await follow();
      while (absent.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      expect(absent).toEqual([[false, [expect.stringContaining(reason)]]]);
      // The one that is written in its place is not read at once; until then it is not known what is in it.
      rmSync(join(dir, 'a.yaml'));
      writeFileSync(join(dir, 'a.yaml'), entry('one'));
      while (absent.at(-1)![1].length > 0) await new Promise<void>((resolve) => (wake = resolve));
      expect(absent.map(([gone]) => gone)).not.toContain(true);
    },
  );

  it('forgets trouble with what is gone', async () => {
    writeFileSync(join(dir, 'b.yaml'), entry('two'));
    mkdirSync(join(dir, 'sub'));
    symlinkSync('a.yaml', join(dir, 'sub', 'a.yaml'));
    await follow(20);
    expect(followed.batches.at(-1)!.problems).toHaveLength(1);
    rmSync(join(dir, 'sub'), { recursive: true });
    await followed.until(() => followed.batches.at(-1)!.problems.length === 0);
  });

  it('takes a folder that went away for unknown, not for empty', async () => {
    writeFileSync(join(dir, 'a.yaml'), entry('one'));
    const { names } = await follow(20);
    renameSync(dir, `${dir}.away`);
    await followed.until(() => followed.batches.at(-1)!.problems.length > 0);
    expect(names.has('one')).toBe(true);
    mkdirSync(dir);
    writeFileSync(join(dir, 'b.yaml'), entry('two'));
    rmSync(`${dir}.away`, { recursive: true });
    await followed.until(() => names.has('two') && !names.has('one'));
  });
});

function asJson(name: string): string {
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
