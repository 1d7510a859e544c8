import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentIdentity } from './component-identity';
import { commonSettings } from './component-settings';
import { createLog } from './log';
import { ServiceRuntime } from './runtime';
import { settings } from './settings';

describe('the identity of a component', () => {
  const dir = mkdtempSync(join(tmpdir(), 'identity-'));
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it('says in its readiness what it waits for', async () => {
    const { values } = settings(commonSettings).read([`--data-dir=${dir}`, '--citadel-address=127.0.0.1:1'], {});
    const runtime = new ServiceRuntime('pilot', values, createLog('pilot', 'silent'), []);
    const reason = (): string => runtime.health.report().parts.identity?.reason ?? '';
    const said = async (words: string): Promise<void> => {
      while (!reason().includes(words)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    componentIdentity(runtime);
    expect(reason()).toBe('no certificate yet from Citadel at 127.0.0.1:1');
    await said(`waiting for the join token in ${join(dir, 'bootstrap', 'pilot.token')}`);
    for (const end of runtime.endings.reverse()) await end();
  });

  it.each([
    ['127.0.0.1', undefined],
    ['127.1.0.9', undefined],
    ['localhost', undefined],
    ['0.0.0.0', /loopback only/],
    ['127.example.com', /loopback only/],
  ])('is done without on loopback only: %s', (address, refusal) => {
    const { values } = settings(commonSettings).read(['--insecure', `--bind-address=${address}`], {});
    const runtime = new ServiceRuntime('galley', values, createLog('galley', 'silent'), []);
    if (refusal === undefined) expect(componentIdentity(runtime)).toBeUndefined();
    else expect(() => componentIdentity(runtime)).toThrow(refusal);
  });

  it('says when Citadel cannot be reached', async () => {
    const token = join(dir, 'pilot.token');
    writeFileSync(token, `kt1.${'a'.repeat(16)}.${'b'.repeat(43)}.${'0'.repeat(64)}`);
    const { values } = settings(commonSettings).read(
      [`--data-dir=${join(dir, 'two')}`, '--citadel-address=127.0.0.1:1', `--join-token-file=${token}`],
      {},
    );
    const runtime = new ServiceRuntime('pilot', values, createLog('pilot', 'silent'), []);
    componentIdentity(runtime);
    const reason = (): string => runtime.health.report().parts.identity?.reason ?? '';
    while (!reason().includes('ECONNREFUSED')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reason()).toMatch(/^no certificate yet from Citadel at 127.0.0.1:1: /);
    expect(reason()).not.toContain('b'.repeat(43));
    for (const end of runtime.endings.reverse()) await end();
  });
});
