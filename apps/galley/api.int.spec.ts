import { request } from 'node:http';
import { entry, route, TestGalley } from './testing/galley';

const object = '/apis/networking.istio.io/v1/namespaces/shop';

describe('the API, on a log in memory', () => {
  let galley: TestGalley;
  beforeAll(async () => {
    galley = await TestGalley.start('--config-log=memory');
  });
  afterAll(() => galley.stop());

  it('applies many documents as one commit, and shows them as Kubernetes would', async () => {
    const { status, body } = await galley.apply([entry('one'), route('r', 'one.example.com')].join('---\n'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      committed: true,
      results: [
        { op: 'created', kind: 'ServiceEntry', namespace: 'shop', name: 'one' },
        { op: 'created', kind: 'VirtualService', namespace: 'shop', name: 'r' },
      ],
      warnings: [],
    });
    const got = await galley.call(`${object}/serviceentries/one`);
    expect(got.body).toMatchObject({
      kind: 'ServiceEntry',
      metadata: { name: 'one', namespace: 'shop', resourceVersion: body['revision'] },
      spec: { hosts: ['one.example.com'] },
    });
    const list = await galley.call('/apis/networking.istio.io/v1beta1/serviceentries');
    expect(list.body).toMatchObject({ kind: 'ServiceEntryList', apiVersion: 'networking.istio.io/v1beta1' });
    // What was shown can be applied again and means no change.
    expect((await galley.apply(JSON.stringify(got.body))).body).toMatchObject({ committed: false });
  });

  it('puts and deletes single objects', async () => {
    const put = { method: 'PUT', body: entry('single') };
    expect((await galley.call(`${object}/serviceentries/single`, put)).body).toMatchObject({ committed: true });
    expect((await galley.call(`${object}/serviceentries/other`, put)).status).toBe(422);
    const remove = { method: 'DELETE' };
    expect((await galley.call(`${object}/serviceentries/single`, remove)).body).toMatchObject({
      results: [{ op: 'deleted', name: 'single' }],
    });
    expect((await galley.call(`${object}/serviceentries/single`, remove)).status).toBe(404);
    expect((await galley.call(`${object}/serviceentries/single`)).status).toBe(404);
  });

  it('deletes by documents and by references', async () => {
    await galley.apply([entry('d1'), entry('d2'), entry('d3')].join('---\n'));
    const post = (body: string): ReturnType<TestGalley['call']> => galley.call('/v1/delete', { method: 'POST', body });
    expect((await post(entry('d1'))).body).toMatchObject({ results: [{ op: 'deleted', name: 'd1' }] });
    const refs = ['d2', 'd3'].map((name) => ({ kind: 'ServiceEntry', namespace: 'shop', name }));
    expect((await post(JSON.stringify({ refs }))).body).toMatchObject({
      results: [{ name: 'd2' }, { name: 'd3' }],
    });
  });

  it('a dry run says what would be, and does nothing', async () => {
    const before = (await galley.call('/v1/snapshot')).body;
    const { body } = await galley.apply(entry('dry'), '?dryRun=true');
    expect(body).toMatchObject({ committed: false, results: [{ op: 'created', name: 'dry' }] });
    expect((await galley.call('/v1/snapshot')).body).toEqual(before);
  });

  it('commits a request that is repeated by its key once, and refuses the key for another request', async () => {
    const headers = { 'idempotency-key': 'key-1' };
    const first = (await galley.apply(entry('keyed'), '', headers)).body;
    await galley.call(`${object}/serviceentries/keyed`, { method: 'DELETE' });
    expect((await galley.apply(entry('keyed'), '', headers)).body).toMatchObject({
      revision: first['revision'],
      results: first['results'],
    });
    expect((await galley.call(`${object}/serviceentries/keyed`)).status).toBe(404);
    expect((await galley.apply(entry('another'), '', headers)).body.error?.code).toBe('conflict');
    const other = entry('keyed', 'other.example.com');
    expect((await galley.apply(other, '', headers)).body.error?.code).toBe('conflict');
    const refs = JSON.stringify({ refs: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'keyed' }] });
    const deletion = await galley.call('/v1/delete', { method: 'POST', body: refs, headers });
    expect(deletion.body.error?.code).toBe('conflict');
  });

  it('refuses a key for a request that holds more than the one that it named, or is of another owner', async () => {
    const headers = { 'idempotency-key': 'key-2' };
    await galley.apply(entry('kept'));
    // One of the two is as it was: the commit holds the other alone.
    const both = [entry('kept'), entry('part')].join('---\n');
    const first = (await galley.apply(both, '', headers)).body;
    expect((await galley.apply(both, '', headers)).body).toMatchObject({
      revision: first['revision'],
      committed: true,
    });
    const more = [entry('kept'), entry('part'), entry('more')].join('---\n');
    for (const [documents, query] of [
      [more, ''],
      [entry('part'), ''],
      [both, '?owner=team-a'],
    ] as const) {
      const { status, body } = await galley.apply(documents, query, headers);
      expect([status, body.error?.problems[0]]).toMatchObject([409, { field: 'Idempotency-Key' }]);
    }
    expect((await galley.call(`${object}/serviceentries/more`)).status).toBe(404);
  });

  it('commits one of two requests at once with one key, and refuses the other', async () => {
    const headers = { 'idempotency-key': 'key-3' };
    const answers = await Promise.all(
      ['first', 'second'].map((host) => galley.apply(entry('raced', `${host}.example.com`), '', headers)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('keeps one owner to an object, and names it', async () => {
    await galley.apply(entry('owned'), '?owner=team-a');
    const { status, body } = await galley.apply(entry('owned', 'new.example.com'));
    expect(status).toBe(409);
    expect(body.error?.problems[0]).toMatchObject({
      code: 'owned-by-other',
      object: 'ServiceEntry shop/owned',
      message: expect.stringContaining('team-a') as string,
    });
    expect((await galley.apply(entry('owned'), '?owner=folder:x')).status).toBe(422);
  });

  it('tells of revisions, newest first, and of each by name or number', async () => {
    const { revision } = (await galley.apply(entry('told'), '?reason=because')).body;
    const [newest] = (await galley.call('/v1/revisions?limit=1')).body as unknown as Record<string, unknown>[];
    expect(newest).toMatchObject({ revision, reason: 'because', source: 'api' });
    for (const name of [revision, newest!['sequence']]) {
      expect((await galley.call(`/v1/revisions/${String(name)}`)).body).toMatchObject({
        revision,
        changes: [{ op: 'created', kind: 'ServiceEntry', namespace: 'shop', name: 'told' }],
        receipts: { proxies: 0, acked: 0, pending: 0, nacks: [], pastNacks: [], waitingFor: [] },
      });
    }
    expect((await galley.call('/v1/revisions/nothing-9')).status).toBe(404);
    expect((await galley.call('/v1/revisions?limit=x')).status).toBe(422);
  });

  it.each([
    ['text that is no YAML', 'a: b: c: [', 400, { code: 'malformed', line: 1 }],
    ['nothing', '', 400, { code: 'malformed' }],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00]), 400, { code: 'malformed' }],
    ['a key twice', `${entry('x')}kind: Sidecar\n`, 409, { code: 'duplicate' }],
    ['an unknown kind', 'apiVersion: x/v1\nkind: Other\nmetadata: {name: a}\n', 422, { code: 'unknown-kind' }],
    [
      'a wrong type',
      entry('x').replace('number: 80', 'number: many'),
      422,
      { object: 'ServiceEntry shop/x', field: 'spec.ports[0].number' },
    ],
    [
      'an unknown field',
      entry('x').replace('resolution:', 'resolutoin:'),
      422,
      { code: 'unknown-field', object: 'ServiceEntry shop/x', field: 'spec.resolutoin' },
    ],
    [
      'a reference to nothing',
      route('x', 'one.example.com', 'v9'),
      422,
      {
        code: 'bad-reference',
        object: 'VirtualService shop/x',
        field: 'spec.http[0].route[0].destination.subset',
      },
    ],
  ])('S51 refuses %s and names what is wrong', async (_, documents, status, problem) => {
    const before = (await galley.call('/v1/snapshot')).body;
    const answer = await galley.apply(documents);
    expect(answer.status).toBe(status);
    expect(answer.body.error?.problems[0]).toMatchObject(problem);
    expect((await galley.call('/v1/snapshot')).body).toEqual(before);
  });

  it('tells all problems of all documents at once', async () => {
    const bad = entry('x').replace('STATIC', 'NEVER');
    const { body } = await galley.apply([bad, entry('fine'), bad.replace('name: x', 'name: y')].join('---\n'));
    expect(body.error?.problems.map(({ object: named }) => named)).toEqual([
      'ServiceEntry shop/x',
      'ServiceEntry shop/y',
    ]);
  });

  it('refuses 10 MB and lives', async () => {
    const large = `${entry('large')}# ${'x'.repeat(10_000_000)}\n`;
    expect((await galley.apply(large)).body.error?.code).toBe('too-large');
    // Without telling the length before.
    const status = await new Promise((resolve, reject) => {
      const posted = request(`${galley.api}/v1/apply`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      posted.on('error', reject);
      for (let i = 0; i < 10; i++) posted.write(Buffer.alloc(1_000_000, 'x'));
      posted.end();
    });
    expect(status).toBe(413);
    expect((await galley.apply(entry('small'))).status).toBe(200);
  });

  it.each([
    ['deep nesting', `a: ${'['.repeat(50_000)}`],
    [
      'many aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((k, i) => `${k}: &${k} [${`*${'abcdefgh'[i]!},`.repeat(9)}]`)
        .join('\n')}\n`,
    ],
    ['many documents that are nothing', '---\n'.repeat(100_000)],
    ['a very long line', `a: ${'x'.repeat(3_000_000)}`],
  ])('refuses %s and lives', async (_, documents) => {
    expect((await galley.apply(documents)).status).toBeGreaterThanOrEqual(400);
    expect((await galley.call('/v1/snapshot')).status).toBe(200);
  });

  it('serves health and metrics', async () => {
    expect((await fetch(`${galley.monitoring}/readyz`)).status).toBe(200);
    const text = await (await fetch(`${galley.monitoring}/metrics`)).text();
    expect(text).toMatch(/^galley_validation_passed \d+$/m);
    expect(text).toMatch(/^keelson_config_objects \d+$/m);
  });
});
