import { issuerOf, parseJoinToken, signLeaf } from '@keelson/core/pki';
import { NatsServer } from '@keelson/edge/service/testing';
import { connect, type NatsConnection } from 'nats';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrialCitadel } from './testing/trial-citadel';

describe('S30 Citadel over restarts', () => {
  let dir: string;
  let data: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'citadel-'));
    data = join(dir, 'data');
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const bootstrap = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(data, 'bootstrap')).map((file) => [file, readFileSync(join(data, 'bootstrap', file), 'utf8')]),
    );

  it('starts alone, and leaves what others need to start', async () => {
    const citadel = await TrialCitadel.start(data);
    const files = bootstrap();
    expect(Object.keys(files).sort()).toEqual([
      'galley.token',
      'mixer.token',
      'nats-cert.pem',
      'nats-key.pem',
      'operator-cert.pem',
      'operator-key.pem',
      'pilot.token',
      'root-cert.pem',
    ]);
    for (const folder of ['bootstrap', 'citadel']) {
      expect(statSync(join(data, folder)).mode & 0o777).toBe(0o700);
      for (const file of readdirSync(join(data, folder)))
        expect(statSync(join(data, folder, file)).mode & 0o077).toBe(0);
    }
    await citadel.stop();
  });

  it('keeps root, tokens and certificates that are good', async () => {
    const first = await TrialCitadel.start(data);
    const token = await first.token('reviews', { uses: 2 });
    const before = bootstrap();
    await first.stop();
    const second = await TrialCitadel.start(data);
    expect(bootstrap()).toEqual(before);
    expect((await second.admin('GET', '/v1/tokens')).body).toContain(parseJoinToken(token).id);
    await second.stop();
  });

  it('makes anew what is worn out or spoilt', async () => {
    const first = await TrialCitadel.start(data);
    const before = bootstrap();
    const pilot = parseJoinToken(first.file('pilot.token')).id;
    expect((await first.admin('DELETE', `/v1/tokens/${pilot}`)).status).toBe(204);
    writeFileSync(join(data, 'bootstrap', 'operator-key.pem'), before['nats-key.pem']!);
    await first.stop();
    const second = await TrialCitadel.start(data);
    const after = bootstrap();
    expect(after['pilot.token']).not.toBe(before['pilot.token']);
    expect(after['operator-cert.pem']).not.toBe(before['operator-cert.pem']);
    expect([after['galley.token'], after['nats-cert.pem'], after['root-cert.pem']]).toEqual([
      before['galley.token'],
      before['nats-cert.pem'],
      before['root-cert.pem'],
    ]);
    expect((await second.admin('GET', '/v1/tokens')).status).toBe(200);
    await second.stop();
  });

  it('refuses a second Citadel on its folder, another trust domain, and tokens that it cannot read', async () => {
    const first = await TrialCitadel.start(data);
    await expect(TrialCitadel.start(data)).rejects.toThrow('is in use by process');
    await first.stop();
    await expect(TrialCitadel.start(data, '--trust-domain', 'other.example')).rejects.toThrow(
      'but --trust-domain is other.example',
    );
    writeFileSync(join(data, 'citadel', 'tokens.json'), '{"version":1,"tok');
    await expect(TrialCitadel.start(data)).rejects.toThrow('tokens.json is not a list of join tokens');
  });

  describe('with NATS', () => {
    let nats: NatsServer;
    beforeEach(async () => {
      const file = (name: string): string => readFileSync(join(data, 'bootstrap', name), 'utf8');
      nats = await new NatsServer(() => ({
        key: file('nats-key.pem'),
        chain: file('nats-cert.pem'),
        roots: file('root-cert.pem'),
      })).reserve();
    });
    afterEach(() => nats.stop());

    const startCitadel = (): Promise<TrialCitadel> => TrialCitadel.start(data, '--nats-url', nats.url);
    /** A connection with Citadel's permissions, by a certificate from the root on its disk. */
    async function observer(): Promise<NatsConnection> {
      const roots = readFileSync(join(data, 'citadel', 'root.pem'), 'utf8');
      const issuer = issuerOf(roots, createPrivateKey(readFileSync(join(data, 'citadel', 'root-key.pem'))));
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = { uris: ['spiffe://cluster.local/ns/istio-system/sa/citadel'] };
      const validity = { notBefore: Date.now() - 1_000, notAfter: Date.now() + 60_000 };
      return connect({
        servers: `127.0.0.1:${nats.port}`,
        inboxPrefix: '_INBOX.citadel',
        tls: {
          key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          cert: signLeaf(issuer, { publicKey, names, validity }),
          ca: roots,
        },
      });
    }

    it('writes every certificate to the ledger, those from before NATS was there too', async () => {
      const citadel = await startCitadel();
      const pending = join(data, 'citadel', 'ledger-pending.jsonl');
      expect(readFileSync(pending, 'utf8').trim().split('\n')).toHaveLength(3);
      await nats.start();
      const connection = await observer();
      const manager = await connection.jetstreamManager();
      const subjects: string[] = [];
      for (;;) {
        try {
          await manager.streams.info('MESH_LEDGER');
          break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      const consumer = await connection.jetstream().consumers.get('MESH_LEDGER');
      const messages = await consumer.consume();
      for await (const message of messages) {
        subjects.push(message.subject);
        const entry = message.json<Record<string, unknown>>();
        expect(Object.keys(entry).sort()).toEqual([
          'caller',
          'event',
          'format',
          'id',
          'identity',
          'notAfter',
          'notBefore',
          'serial',
          'spki',
          'time',
        ]);
        if (subjects.length === 3) break;
      }
      await messages.close();
      expect(subjects).toEqual(Array(3).fill('mesh.ledger.issued'));
      await connection.close();
      await citadel.stop();
      expect(readFileSync(pending, 'utf8')).toBe('');
    });

    it('lists after a restart what it gave out before', async () => {
      const first = await startCitadel();
      await nats.start();
      const before = await first.certificates('nats', 'istio-system');
      expect(before).toHaveLength(1);
      const pending = join(data, 'citadel', 'ledger-pending.jsonl');
      while (readFileSync(pending, 'utf8') !== '') await new Promise((resolve) => setTimeout(resolve, 20));
      await first.stop();
      const second = await startCitadel();
      let after: typeof before = [];
      while (after.length === 0) after = await second.certificates('nats', 'istio-system');
      expect(after).toEqual(before);
      await second.stop();
    });

    it('ends when the mesh belongs to another root', async () => {
      const first = await startCitadel();
      await nats.start();
      const connection = await observer();
      for (;;) {
        try {
          const bucket = await connection.jetstream().views.kv('MESH_TRUST', { bindOnly: true });
          if ((await bucket.get('root')) !== null) break;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      await connection.close();
      await first.stop();
      // The same root goes on.
      const again = await startCitadel();
      await again.stop();
      await nats.kill();
      // A new root on the old mesh: as after a loss of Citadel's folder.
      rmSync(join(data, 'citadel'), { recursive: true });
      const other = await startCitadel();
      await nats.start();
      expect(await other.service.ended).toBe(1);
    });
  });
});
