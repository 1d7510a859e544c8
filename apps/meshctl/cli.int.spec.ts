import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { main } from './cli';

interface Answer {
  status?: number;
  body: unknown;
}

const applied = {
  revision: 'e-7',
  committed: true,
  results: [{ op: 'created', kind: 'VirtualService', namespace: 'default', name: 'reviews' }],
};
const receipts = { proxies: 2, acked: 2, pending: 0, nacks: [], pastNacks: [], waitingFor: [] };

describe('meshctl against a server', () => {
  let folder: string;
  let server: Server;
  let answers: Record<string, Answer>;
  let seen: { request: string; body: string }[];
  let output: string;
  let errors: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meshctl-'));
    answers = {};
    seen = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const key = `${request.method ?? ''} ${request.url ?? ''}`;
        seen.push({ request: key, body });
        const answer = answers[key] ?? { status: 404, body: { error: { code: 'not-found', problems: [] } } };
        response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, 'context.json'), JSON.stringify({ server: `http://127.0.0.1:${port}` }));
    writeFileSync(join(folder, 'rule.yaml'), 'kind: VirtualService\n');
    output = '';
    errors = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((output += String(text)), true));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const run = (...args: string[]): Promise<number> => main([...args, '--context', join(folder, 'context.json')]);
  const rule = (): string => join(folder, 'rule.yaml');

  it('applies, waits for the receipts and exits with 0', async () => {
    answers['POST /v1/apply'] = { body: applied };
    answers['GET /v1/revisions/e-7'] = { body: { revision: 'e-7', receipts } };
    expect(await run('apply', '-f', rule(), '--wait')).toBe(0);
    expect(output).toContain('VirtualService default/reviews created');
    expect(output).toContain('ACKed by 2 of 2 proxies');
    expect(seen[0]?.body).toBe('kind: VirtualService\n');
  });

  it('exits with 3 on a NACK and says who refused what', async () => {
    answers['POST /v1/apply'] = { body: applied };
    const nack = { proxy: 'p1', type: 't.Listener', resource: 'l', message: 'in use', provenance: ['Sidecar a/b'] };
    answers['GET /v1/revisions/e-7'] = { body: { revision: 'e-7', receipts: { ...receipts, nacks: [nack] } } };
    expect(await run('apply', '-f', rule(), '--wait')).toBe(3);
    expect(output).toContain('NACK by p1: Listener l: in use (made by Sidecar a/b)');
  });

  it('exits with 3 for a NACK that its commit had and that was made up for, but not where nothing was committed', async () => {
    const nack = { proxy: 'p1', type: 't.Listener', resource: 'l', message: 'in use' };
    answers['GET /v1/revisions/e-7'] = { body: { revision: 'e-7', receipts: { ...receipts, pastNacks: [nack] } } };
    answers['POST /v1/apply'] = { body: applied };
    expect(await run('apply', '-f', rule(), '--wait')).toBe(3);
    expect(output).toContain('NACK by p1: Listener l: in use');
    answers['POST /v1/apply'] = { body: { ...applied, committed: false } };
    expect(await run('apply', '-f', rule(), '--wait')).toBe(0);
  });

  it('exits with 4 when the time is over and names who is missing', async () => {
    answers['POST /v1/apply'] = { body: applied };
    const waiting = { ...receipts, acked: 1, pending: 1, waitingFor: ['p2'] };
    answers['GET /v1/revisions/e-7'] = { body: { revision: 'e-7', receipts: waiting } };
    expect(await run('apply', '-f', rule(), '--wait', '--timeout', '100ms')).toBe(4);
    expect(output).toContain('1 of 2 proxies');
    expect(output).toContain('p2');
  });

  it('exits with 3 when the server refuses, with file, line, object and field', async () => {
    const problem = { code: 'invalid-value', message: 'no', object: 'VirtualService a/b', field: 'spec.http', line: 1 };
    answers['POST /v1/apply'] = { status: 400, body: { error: { code: 'invalid-value', problems: [problem] } } };
    expect(await run('apply', '-f', rule())).toBe(3);
    expect(errors).toBe(`${rule()}:1: VirtualService a/b: spec.http: no\n`);
  });

  it('asks for a dry run without waiting', async () => {
    answers['POST /v1/apply?dryRun=true'] = { body: { ...applied, committed: false } };
    expect(await run('apply', '-f', rule(), '--dry-run', '--wait')).toBe(0);
    expect(seen).toHaveLength(1);
    expect(output).toBe('VirtualService default/reviews created (dry run)\n');
  });

  it('shows the same fields of proxies to scripts, in the same order', async () => {
    const row = { pilot: 'x', nack: null, acked: 'e-7', sent: 'e-7', revision: 'e-7', type: 'sidecar', proxy: 'p1' };
    answers['GET /v1/proxies'] = { body: [row] };
    expect(await run('proxy-status', '-o', 'json')).toBe(0);
    const [first] = JSON.parse(output) as object[];
    expect(Object.keys(first ?? {})).toEqual(['proxy', 'type', 'revision', 'sent', 'acked', 'nack']);
  });

  it('exits with 1 for an object that is not there', async () => {
    expect(await run('get', 'vs', 'nope')).toBe(1);
    expect(errors).toBe('VirtualService default/nope: not found\n');
  });

  it('exits with 1 and one line when the server is away', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await run('get', 'vs')).toBe(1);
    expect(errors).toMatch(/^cannot reach http:\/\/127\.0\.0\.1:\d+: nothing listens there.*\n$/);
  });

  describe('history', () => {
    const object = 'kind=VirtualService&namespace=shop&name=r';
    const commit = (sequence: number): object => ({
      revision: `e-${sequence}`,
      epoch: 'e',
      sequence,
      time: '2026-03-01T12:30:45.678Z',
      author: 'spiffe://cluster.local/ns/istio-system/sa/operator',
      reason: 'apply',
      source: 'api',
      changes: [{ op: 'created', kind: 'VirtualService', namespace: 'shop', name: 'r' }],
    });
    const begins = (from: number, earlier: string): void => {
      answers['GET /v1/snapshot'] = { body: { revision: 'e-9', history: { from, earlier } } };
    };

    it('shows the newest commits, newest first', async () => {
      begins(1, 'none');
      answers['GET /v1/revisions?limit=21'] = { body: [commit(2), commit(1)] };
      expect(await run('history')).toBe(0);
      expect(output.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
        ['REVISION', 'TIME', 'AUTHOR', 'REASON', 'CHANGES'],
        ['e-2', '2026-03-01T12:30:45Z', 'istio-system/operator', 'apply', 'created VirtualService shop/r'],
        ['e-1', '2026-03-01T12:30:45Z', 'istio-system/operator', 'apply', 'created VirtualService shop/r'],
        [''],
      ]);
    });

    it('shows the revisions at which one object changed', async () => {
      begins(1, 'none');
      answers[`GET /v1/revisions?limit=21&${object}`] = { body: [commit(2)] };
      expect(await run('history', 'vs', 'r', '-n', 'shop')).toBe(0);
      expect(output).toMatch(/^e-2 .* created$/m);
    });

    it('says that there are older ones behind the limit, and asks for no more than it shows and one', async () => {
      begins(1, 'none');
      answers['GET /v1/revisions?limit=2'] = { body: [commit(9), commit(8)] };
      expect(await run('history', '--limit', '1')).toBe(0);
      expect(output).toContain('e-9');
      expect(output).not.toContain('e-8');
      expect(output).toContain('--limit shows more');
    });

    it('asks in pages for what is more than one', async () => {
      begins(1, 'none');
      const page = (from: number, count: number): object[] => Array.from({ length: count }, (_, i) => commit(from - i));
      answers['GET /v1/revisions?limit=200'] = { body: page(300, 200) };
      answers['GET /v1/revisions?limit=200&before=101'] = { body: page(100, 100) };
      expect(await run('history', '--limit', '1000', '-o', 'json')).toBe(0);
      const told = JSON.parse(output) as { revisions: { sequence: number }[]; older: string };
      expect(told.revisions.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 300 }, (_, i) => 300 - i));
      expect(told.older).toBe('none');
    });

    it.each([
      ['compacted', 'the log was compacted: commits before sequence 5'],
      ['forgotten', 'commits before sequence 5 are in the log'],
    ])('does not pretend that the log begins where it was %s', async (earlier, said) => {
      begins(5, earlier);
      answers['GET /v1/revisions?limit=21'] = { body: [commit(5)] };
      expect(await run('history')).toBe(0);
      expect(output).toContain(said);
      output = '';
      answers[`GET /v1/revisions?limit=21&${object}`] = { body: [] };
      expect(await run('history', 'vs', 'r', '-n', 'shop')).toBe(0);
      expect(output).toContain(said);
      output = '';
      expect(await run('history', '-o', 'yaml')).toBe(0);
      expect(output).toContain(`older: ${earlier}`);
    });

    it('exits with 1 for an object that never was', async () => {
      begins(1, 'none');
      answers[`GET /v1/revisions?limit=21&${object}`] = { body: [] };
      expect(await run('history', 'vs', 'r', '-n', 'shop')).toBe(1);
      expect(errors).toBe('VirtualService shop/r: no commit of the log has changed it\n');
    });

    it('says that an empty log is empty', async () => {
      begins(0, 'none');
      answers['GET /v1/revisions?limit=21'] = { body: [] };
      expect(await run('history')).toBe(0);
      expect(output).toBe('the log has no commit\n');
    });

    it('exits with 1 where Galley is too old or not ready', async () => {
      answers['GET /v1/snapshot'] = { body: { revision: 'e-9' } };
      expect(await run('history')).toBe(1);
      expect(errors).toMatch(/^this Galley is older than meshctl/);
      errors = '';
      const problem = { code: 'unavailable', message: 'the log is being read; try again in a moment' };
      answers['GET /v1/snapshot'] = { status: 503, body: { error: { code: 'unavailable', problems: [problem] } } };
      expect(await run('history')).toBe(1);
      expect(errors).toBe('the log is being read; try again in a moment\n');
    });

    it('exits with 1 and one line where Galley is away', async () => {
      await new Promise((resolve) => server.close(resolve));
      expect(await run('history')).toBe(1);
      expect(errors).toMatch(/^cannot reach .*nothing listens there.*\n$/);
    });

    it('exits with 2 for what it does not understand, and asks nothing', async () => {
      for (const args of [
        ['--limit', '0'],
        ['--limit', '-1'],
        ['--limit', '1.5'],
        ['--limit', '9999999999'],
        ['vs'],
        ['vs', 'r', 'more'],
        ['pods', 'r'],
        ['-n', 'shop'],
        ['-o', 'xml'],
      ])
        expect([args, await run('history', ...args)]).toEqual([args, 2]);
      expect(seen).toEqual([]);
      expect(errors).toContain("--limit: '0' is no count; write a whole number from 1");
    });
  });

  describe('S51 validate', () => {
    const service = (
      name: string,
      spec = '{hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC}',
    ): string => `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
    const file = (name: string, text: string | Uint8Array): string => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    };

    it('needs no server and no context', async () => {
      const path = file('ok.yaml', service('a'));
      expect(await main(['validate', '-f', path])).toBe(0);
      expect(output).toBe('1 object: valid\n');
      expect(seen).toEqual([]);
    });

    it('exits with 1 and names file, line, object and field', async () => {
      const path = file('bad.yaml', `${service('a')}---\n${service('b', '{hosts: [a.example.com], port: 1}')}`);
      expect(await run('validate', '-f', path)).toBe(1);
      expect(errors).toMatch(
        /bad\.yaml:9: ServiceEntry default\/b: spec\.port: unknown field "port", did you mean ports\?\n$/,
      );
      expect(output).toBe('1 error; references are judged when every document is sound\n');
    });

    it('reads folders with those below, files and all that is wrong with them', async () => {
      file('set/a.yaml', service('a'));
      const deep = file('set/deep/b.json', '{');
      const binary = file('set/deep/c.yml', Buffer.from([0xff, 0xfe, 0, 1]));
      file('set/README.md', 'no: yaml: at all');
      expect(await run('validate', '-f', join(folder, 'set'), '-f', file('more.yaml', service('m')))).toBe(1);
      expect(errors.split('\n')).toEqual([
        `${binary}: is not UTF-8 text`,
        expect.stringMatching(new RegExp(`^${deep}:\\d: not YAML`)),
        '',
      ]);
      expect(output).toContain('2 errors in 4 files');
    });

    it('tells of a path and a link to nothing beside what is wrong with the others', async () => {
      const bad = file('bad.yaml', service('b', '{hosts: [a.example.com], port: 1}'));
      const nowhere = join(folder, 'nowhere');
      const link = join(folder, 'links', 'b.yaml');
      const binary = file('links/a.yaml', Buffer.from([0xff]));
      symlinkSync(nowhere, link);
      const args = ['validate', '-f', nowhere, '-f', bad, '-f', dirname(link)];
      expect(await run(...args)).toBe(1);
      expect(errors.split('\n')).toEqual([
        expect.stringMatching(new RegExp(`^${nowhere}: ENOENT`)),
        `${binary}: is not UTF-8 text`,
        expect.stringMatching(new RegExp(`^${link}: ENOENT`)),
        expect.stringMatching(new RegExp(`^${bad}:4: ServiceEntry default/b: spec.port: unknown field`)),
        '',
      ]);
      expect(output).toContain('4 errors in 4 files');
      errors = output = '';
      expect(await run(...args, '-o', 'json')).toBe(1);
      expect(errors).toBe('');
      expect(JSON.parse(output)).toMatchObject({
        valid: false,
        files: 4,
        errors: [{ file: nowhere, code: 'malformed' }, { file: binary }, { file: link }, { file: bad, line: 4 }],
      });
    });

    it('reads no more of the standard input than of a file', () => {
      const zeros = openSync('/dev/zero', 'r');
      const hook = join(__dirname, '../../bench/typescript.cjs');
      const args = ['--require', hook, join(__dirname, 'main.ts'), 'validate', '-f', '-'];
      const { stderr, status } = spawnSync(process.execPath, args, {
        stdio: [zeros, 'pipe', 'pipe'],
        encoding: 'utf8',
        timeout: 25_000,
      });
      closeSync(zeros);
      expect([stderr, status]).toEqual(['standard input: larger than 64 MiB\n', 1]);
    });

    it('warns of references that are not in the files, which --strict refuses', async () => {
      const path = file(
        'vs.yaml',
        service('a', '{hosts: [x.com], gateways: [edge], http: [{directResponse: {status: 404}}]}').replace(
          'ServiceEntry',
          'VirtualService',
        ),
      );
      expect(await run('validate', '-f', path)).toBe(0);
      const line = `${path}:4: VirtualService default/a: spec.gateways[0]: Gateway default/edge is not in the files\n`;
      expect(output).toBe(`warning: ${line}1 object: valid\n`);
      expect(await run('validate', '-f', path, '--strict')).toBe(1);
      expect(errors).toBe(line);
    });

    it('tells scripts the same', async () => {
      const path = file('bad.yaml', service('b', '{hosts: [a.example.com], port: 1}'));
      expect(await run('validate', '-f', path, '-o', 'json')).toBe(1);
      expect(errors).toBe('');
      expect(JSON.parse(output)).toMatchObject({
        valid: false,
        files: 1,
        objects: 0,
        errors: [{ file: path, line: 4, object: 'ServiceEntry default/b', field: 'spec.port', code: 'unknown-field' }],
        warnings: [],
      });
    });

    it.each<[string, string | Uint8Array, RegExp]>([
      ['an empty file', '', /x\.yaml: no document\n$/],
      ['a file of comments', '# nothing\n---\n', /x\.yaml: no document\n$/],
      ['a binary file', Buffer.from([0, 0x80, 0xff]), /x\.yaml: is not UTF-8 text\n$/],
      [
        'a document of more than 10 MiB',
        `a: ${'x'.repeat(11_000_000)}`,
        /x\.yaml:1: the input is larger than 10485760 bytes\n$/,
      ],
      [
        'an unknown kind',
        'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n',
        /x\.yaml:1: v1 Pod: kind: unknown kind|v1 Pod: unknown kind/,
      ],
    ])('exits with 1 for %s', async (_, text, said) => {
      expect(await run('validate', '-f', file('x.yaml', text))).toBe(1);
      expect(errors).toMatch(said);
    });

    it('tells people a hundred errors and how many more, and scripts all of a thousand', async () => {
      const path = file('bad.yaml', '---\na: b: [\n'.repeat(2_000));
      expect(await run('validate', '-f', path)).toBe(1);
      expect(errors.split('\n')).toHaveLength(102);
      expect(errors).toMatch(/bad\.yaml:200: not YAML.*\n900 more errors; -o json tells them\n$/);
      expect(output).toBe('1000 errors; the rest was not looked at\n');
      output = '';
      expect(await run('validate', '-f', path, '-o', 'json')).toBe(1);
      const told = JSON.parse(output) as { errors: unknown[]; cutShort: boolean };
      expect([told.errors.length, told.cutShort]).toEqual([1_000, true]);
    });

    it('says that a set is larger than what Galley takes at once', async () => {
      const text = Array.from({ length: 5 }, (_, i) => `# ${'x'.repeat(1_000_000)}\n${service(`s${i}`)}`).join('---\n');
      expect(await run('validate', '-f', file('large.yaml', text))).toBe(0);
      expect(output).toBe(
        'warning: together 4.8 MiB, and Galley takes 4 MiB at once unless told otherwise\n5 objects: valid\n',
      );
    });

    it('exits with 1 for a folder without YAML and for a file that is not there, with 2 for no file at all', async () => {
      mkdirSync(join(folder, 'none'));
      expect(await run('validate', '-f', join(folder, 'none'))).toBe(1);
      expect(await run('validate', '-f', join(folder, 'nope.yaml'))).toBe(1);
      expect(errors).toMatch(/none: no \.yaml, \.yml or \.json file in this folder\n.*nope\.yaml: .*ENOENT/);
      expect(await run('validate')).toBe(2);
      expect(await run('validate', 'a.yaml')).toBe(2);
    });
  });

  it('S51 does not apply bytes that are no text as something else', async () => {
    writeFileSync(rule(), Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    expect(await run('apply', '-f', rule())).toBe(1);
    expect(errors).toBe(`${rule()}: is not UTF-8 text\n`);
    expect(seen).toEqual([]);
  });

  it('prints a script for each shell, and names the shells there are', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect(await run('completion', shell)).toBe(0);
    expect(output).toContain('complete -F _meshctl meshctl');
    for (const args of [[], ['csh'], ['bash', 'zsh'], ['toString']]) expect(await run('completion', ...args)).toBe(2);
    expect(errors).toContain('one of bash, zsh, fish is needed');
  });

  it('explains a command with its flags', async () => {
    expect(await run('history', '--help')).toBe(0);
    expect(output).toMatch(/^meshctl history \[KIND NAME/);
    expect(output).toMatch(/^ {2}-n, --namespace NAMESPACE {2}\w/m);
    expect(output).toMatch(/^ {6}--limit COUNT {3,}\w/m);
    expect(output).toMatch(/^ {2}-o, --output FORMAT/m);
  });

  it('exits with 2 for a command line that is wrong', async () => {
    for (const args of [['aply'], ['apply'], ['get'], ['get', 'pods'], ['apply', '--bogus'], ['token']])
      expect([args, await run(...args)]).toEqual([args, 2]);
    expect(seen).toEqual([]);
  });
});
