import { authorities } from '@keelson/edge/authorities';
import { LogSink } from '@keelson/edge/service/testing';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BootstrapFolder } from './bootstrap-folder';
import { CertificateIndex } from './certificate-index';
import { Issuer } from './issuer';
import { Ledger } from './ledger';
import { TokenStore } from './token-store';

const hourMs = 3_600_000;

describe('the bootstrap folder', () => {
  let dir: string;
  let ledger: Ledger;
  let folder: BootstrapFolder;
  let issuer: Issuer;
  const sink = new LogSink();

  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    dir = mkdtempSync(join(tmpdir(), 'bootstrap-'));
    const authority = authorities['self-signed']({ dir, trustDomain: 'cluster.local' });
    ledger = new Ledger({ file: join(dir, 'pending.jsonl'), index: new CertificateIndex(), log: sink.log });
    await ledger.start(undefined);
    issuer = new Issuer(authority, ledger, { defaultMs: hourMs, maxMs: 4 * hourMs });
    folder = new BootstrapFolder({
      dir: join(dir, 'bootstrap'),
      issuer,
      tokens: new TokenStore(join(dir, 'tokens.json'), authority.rootPin),
      trustDomain: 'cluster.local',
      rootNamespace: 'istio-system',
      natsNames: ['nats'],
      log: sink.log,
    });
    await folder.start();
  });
  afterEach(async () => {
    folder.stop();
    jest.useRealTimers();
    await ledger.stop();
    rmSync(dir, { recursive: true });
  });

  const certificate = (): string => readFileSync(join(dir, 'bootstrap', 'operator-cert.pem'), 'utf8');
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is renewed after a renewal that failed', async () => {
    const first = certificate();
    jest.spyOn(issuer, 'issue').mockRejectedValueOnce(new Error('the disk is full'));
    jest.advanceTimersByTime(3 * hourMs);
    await sink.line('the disk is full');
    expect(certificate()).toBe(first);
    for (let patience = 0; certificate() === first && patience < 1_000; patience++) {
      jest.advanceTimersByTime(1_000);
      await turn();
    }
    expect(certificate()).not.toBe(first);
  });

  it('is left alone once it is stopped, also by a renewal that is under way', async () => {
    jest.spyOn(issuer, 'issue').mockRejectedValueOnce(new Error('too late'));
    jest.advanceTimersByTime(3 * hourMs);
    folder.stop();
    await sink.line('too late');
    await turn();
    expect(jest.getTimerCount()).toBe(0);
  });
});
