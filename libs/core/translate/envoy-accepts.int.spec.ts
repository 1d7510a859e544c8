import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { envoyBinary } from './testdata/envoy-binary';
import { validationBootstrap, type Golden } from './testdata/static-bootstrap';

const run = promisify(execFile);
const folder = join(__dirname, 'testdata');
const goldens = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  // What is made for gRPC clients is for no Envoy.
  .filter((file) => file.endsWith('.out.yaml') && !file.startsWith('grpc/'))
  .sort();

describe('a real Envoy takes what the expected files hold', () => {
  const place = mkdtempSync(join(tmpdir(), 'keelson-translate-'));
  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it.each(goldens)('%s', async (file) => {
    const golden = parse(readFileSync(join(folder, file), 'utf8')) as Golden;
    expect(await verdict(validationBootstrap(golden))).toContain('OK');
  });

  it('and refuses one with a broken regular expression, so that the above says something', async () => {
    const broken = {
      virtualHost: [
        {
          resource: {
            name: '80/a',
            domains: ['a'],
            routes: [{ match: { safeRegex: { regex: '(' } }, route: { cluster: 'x' } }],
          },
        },
      ],
    };
    expect(await verdict(validationBootstrap(broken))).toContain('missing )');
  });

  async function verdict(bootstrap: object): Promise<string> {
    const path = join(place, 'bootstrap.json');
    writeFileSync(path, JSON.stringify(bootstrap));
    const args = ['--mode', 'validate', '-c', path, '-l', 'error', '--disable-hot-restart'];
    try {
      const { stdout, stderr } = await run(envoyBinary(), args);
      return stdout + stderr;
    } catch (error) {
      return String((error as { stderr?: string }).stderr);
    }
  }
});
