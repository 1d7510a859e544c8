import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer } from '@keelson/edge/service/testing';
import { entry, route, TestGalley } from '../testing/galley';

describe('a Galley that watches a folder', () => {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-config-'));
  let galley: TestGalley;
  const replace = (name: string, ...documents: string[]): void => {
    writeFileSync(join(dir, `${name}.tmp`), documents.join('---\n'));
    renameSync(join(dir, `${name}.tmp`), join(dir, name));
  };
  const names = async (kind: string): Promise<string[]> => {
    const { body } = await galley.call(`/apis/networking.istio.io/v1/${kind}`);
    return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  };
  const until = async (kind: string, expected: string[]): Promise<void> => {
    while (JSON.stringify(await names(kind)) !== JSON.stringify(expected))
      await new Promise((resolve) => setImmediate(resolve));
  };

  beforeAll(async () => {
    replace('a.yaml', entry('one'), entry('two'));
    galley = await TestGalley.start('--config-log=memory', `--config-dir=${dir}`, '--config-dir-id=test');
  });
  afterAll(async () => {
    await galley.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('commits what is in it, under its own name', async () => {
    await until('serviceentries', ['one', 'two']);
    const [newest] = (await galley.call('/v1/revisions?limit=1')).body as unknown as Record<string, unknown>[];
    expect(newest).toMatchObject({ source: 'folder:test', changes: [{ name: 'one' }, { name: 'two' }] });
    const refused = await galley.apply(entry('one', 'other.example.com'));
    expect(refused.body.error?.problems[0]?.['message']).toContain('folder:test');
  });

  it('makes one commit of one step, deletes only what it owns, and leaves the bad out', async () => {
    await galley.apply(entry('by-hand'));
    replace('a.yaml', entry('two', 'new.example.com'), entry('three').replace('STATIC', 'NEVER'), entry('four'));
    await until('serviceentries', ['by-hand', 'four', 'two']);
    const [newest] = (await galley.call('/v1/revisions?limit=1')).body as unknown as { changes: unknown[] }[];
    expect(newest!.changes).toHaveLength(3);
  });

  it('takes in what referred to nothing as soon as that is there', async () => {
    replace('b.yaml', entry('five'), route('r', 'five.example.com', 'v1'));
    await until('serviceentries', ['by-hand', 'five', 'four', 'two']);
    expect(await names('virtualservices')).toEqual([]);
    await galley.apply(
      [
        'apiVersion: networking.istio.io/v1',
        'kind: DestinationRule',
        'metadata: {name: d, namespace: shop}',
        'spec: {host: five.example.com, subsets: [{name: v1, labels: {version: v1}}]}',
      ].join('\n'),
    );
    await until('virtualservices', ['r']);
  });
});

describe('a Galley whose folder cannot be read, or is not there yet, when it starts', () => {
  const server = new NatsServer();
  const dir = mkdtempSync(join(tmpdir(), 'keelson-config-'));
  let galley: TestGalley;
  const start = async (): Promise<void> => {
    galley = await TestGalley.start(`--nats-url=${server.url}`, `--config-dir=${dir}`, '--config-dir-id=test');
    await untilOk(async () => (await fetch(`${galley.monitoring}/readyz`)).ok);
  };
  const names = async (): Promise<string[]> => {
    const { body } = await galley.call('/apis/networking.istio.io/v1/serviceentries');
    return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  };
  const untilOk = async (ask: () => Promise<boolean>): Promise<void> => {
    while (!(await ask())) await new Promise((resolve) => setImmediate(resolve));
  };

  beforeAll(() => server.start());
  afterEach(() => galley.stop());
  afterAll(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('deletes nothing until it knows', async () => {
    writeFileSync(join(dir, 'a.yaml'), entry('one'));
    writeFileSync(join(dir, 'b.yaml'), entry('two'));
    await start();
    await untilOk(async () => (await names()).length === 2);
    await galley.stop();

    rmSync(join(dir, 'a.yaml'));
    symlinkSync('a.yaml', join(dir, 'a.yaml'));
    writeFileSync(join(dir, 'b.yaml'), entry('three'));
    await start();
    await untilOk(async () => (await names()).includes('three'));
    expect(await names()).toEqual(['one', 'three', 'two']);
    rmSync(join(dir, 'a.yaml'));
    writeFileSync(join(dir, 'a.yaml'), entry('one'));
    await untilOk(async () => !(await names()).includes('two'));
    expect(await names()).toEqual(['one', 'three']);
    await galley.stop();

    rmSync(join(dir, 'a.yaml'));
    rmSync(join(dir, 'b.yaml'));
    await start();
    expect(await names()).toEqual(['one', 'three']);
    writeFileSync(join(dir, 'a.yaml'), entry('one'));
    await untilOk(async () => (await names()).length === 1);
    expect(await names()).toEqual(['one']);
  });
});
