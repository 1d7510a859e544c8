import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { makeCsr, signLeaf } from '@keelson/core/pki';
import {
  channelCredentials,
  createCertificate,
  GrpcClient,
  SettableIdentity,
  type TlsMaterial,
} from '@keelson/edge/service';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrialCitadel } from './testing/trial-citadel';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('S30 attacks on Citadel', () => {
  let dir: string;
  let citadel: TrialCitadel;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'citadel-'));
    citadel = await TrialCitadel.start(join(dir, 'data'));
  });
  afterAll(async () => {
    await citadel.stop();
    rmSync(dir, { recursive: true });
  });

  /** Asks for a certificate on a connection of its own; gives the chain, or the name of the refusal. */
  async function ask(key: KeyObject, token?: string, as?: TlsMaterial): Promise<string[] | string> {
    const client = new GrpcClient(
      citadel.address,
      as === undefined
        ? credentials.createSsl(Buffer.from(citadel.roots))
        : channelCredentials(new SettableIdentity(as)),
    );
    try {
      const metadata: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await client.unary(createCertificate, { csr: makeCsr(key) }, { metadata })).certChain ?? [];
    } catch (error) {
      return status[(error as ServiceError).code];
    } finally {
      client.close();
    }
  }

  it('of many keys that race for one use one gets it, also after a restart', async () => {
    const token = await citadel.token('raced', { uses: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(newKey(), token)));
    expect(answers.filter((answer) => typeof answer !== 'string')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'UNAUTHENTICATED')).toHaveLength(19);
    expect(await citadel.used('raced')).toBe(1);
    await citadel.stop();
    citadel = await TrialCitadel.start(join(dir, 'data'));
    expect(await ask(newKey(), token)).toBe('UNAUTHENTICATED');
    expect(await citadel.used('raced')).toBe(1);
  });

  it('one key that asks many times at once costs one use, and gets different serials', async () => {
    const token = await citadel.token('eager', { uses: 2 });
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(key, token)));
    const serials = answers.map((answer) => new X509Certificate(answer[0] ?? '').serialNumber);
    expect(new Set(serials).size).toBe(20);
    expect(await citadel.used('eager')).toBe(1);
  });

  it('a certificate of the mesh signs no other: neither to be the operator nor to be anybody', async () => {
    const key = newKey();
    const [leaf = ''] = await ask(key, await citadel.token('forger'));
    const own = { key: pemOf(key), chain: leaf, roots: citadel.roots };
    expect(typeof (await ask(newKey(), undefined, own))).toBe('object');
    const forgedKey = newKey();
    const forged = signLeaf(
      {
        certificate: new X509Certificate(leaf),
        key: createPrivateKey(own.key),
        subject: Buffer.from([0x30, 0]),
        keyId: randomBytes(20),
      },
      {
        publicKey: createPublicKey(forgedKey),
        names: { uris: ['spiffe://cluster.local/ns/istio-system/sa/operator'] },
        validity: { notBefore: Date.now() - 1_000, notAfter: Date.now() + 60_000 },
      },
    );
    const byForger = { ...own, chain: forged + leaf, key: pemOf(forgedKey) };
    expect(await ask(newKey(), undefined, byForger)).toBe('UNAUTHENTICATED');
    await expect(citadel.admin('GET', '/v1/tokens', undefined, byForger)).rejects.toThrow();
  });

  it('a stranger has few calls open, and those that are not sent to their end do not keep others out', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const session = connect(`https://${citadel.address}`, { ca: citadel.roots });
        session.on('error', () => undefined);
        await once(session, 'remoteSettings');
        return session;
      }),
    );
    expect(sessions[0]?.remoteSettings.maxConcurrentStreams).toBe(32);
    const ends: string[] = [];
    for (const session of sessions)
      for (let count = 0; count < 32; count++) {
        const stream = session.request({
          ':method': 'POST',
          ':path': createCertificate.path,
          'content-type': 'application/grpc',
        });
        stream.on('error', () => undefined);
        stream.on('response', (headers) => ends.push(status[Number(headers['grpc-status'])] ?? ''));
        stream.write(Buffer.from([0, 0, 0, 0xff, 0xff, 1, 2, 3]));
      }
    // 40 connections of 32 calls, of which 1024 are waited for.
    while (ends.length < 256) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(new Set(ends)).toEqual(new Set(['UNAVAILABLE']));
    expect(typeof (await ask(newKey(), await citadel.token('patient')))).toBe('object');
    for (const session of sessions) session.destroy();
  });
});
