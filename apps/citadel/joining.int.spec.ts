import { issuerOf, makeRoot, parseCertificates, parseJoinToken, signLeaf, validityOf } from '@keelson/core/pki';
import {
  createCertificate,
  GrpcServer,
  obtainIdentity,
  SettableIdentity,
  spiffeIdOf,
  type IdentityOptions,
  type TlsIdentity,
  type TlsMaterial,
} from '@keelson/edge/service';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogSink } from '@keelson/edge/service/testing';
import { TrialCitadel } from './testing/trial-citadel';

describe('S30 an identity from Citadel', () => {
  let dir: string;
  let citadel: TrialCitadel;
  let sink: LogSink;
  let identities: TlsIdentity[];
  let servers: { stop: () => unknown }[];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'citadel-'));
    citadel = await TrialCitadel.start(join(dir, 'data'));
    sink = new LogSink();
    identities = [];
    servers = [];
  });
  afterEach(async () => {
    for (const identity of identities) identity.stop();
    for (const server of servers) await server.stop();
    await citadel.stop();
    rmSync(dir, { recursive: true });
  });

  function agent(options: Partial<IdentityOptions>, name = 'agent'): TlsIdentity {
    const identity = obtainIdentity({
      citadelAddress: citadel.address,
      dir: join(dir, name),
      log: sink.log,
      ...options,
    });
    identities.push(identity);
    return identity;
  }
  const nextOf = (identity: TlsIdentity): Promise<TlsMaterial> =>
    new Promise((resolve) => {
      const end = identity.onChange((material) => {
        end();
        resolve(material);
      });
    });
  const serial = ({ chain }: TlsMaterial): string => new X509Certificate(chain).serialNumber.toLowerCase();

  it('comes by token, with the pin in place of a root file, and is kept private on disk', async () => {
    const identity = agent({ token: await citadel.token('reviews') });
    await identity.ready();
    const material = identity.current();
    expect(spiffeIdOf(material)).toBe('spiffe://cluster.local/ns/default/sa/reviews');
    expect(material.roots).toBe(citadel.roots);
    const { notBefore, notAfter } = validityOf(parseCertificates(material.chain)[0]!);
    expect((notAfter - notBefore) / 1000).toBe(24 * 3600 + 10);
    for (const [file, content] of [
      ['key.pem', material.key],
      ['cert-chain.pem', material.chain],
      ['root-cert.pem', material.roots],
    ] as const) {
      expect(readFileSync(join(dir, 'agent', file), 'utf8')).toBe(content);
      expect(statSync(join(dir, 'agent', file)).mode & 0o777).toBe(0o600);
    }
    const ledger = await citadel.certificates('reviews');
    expect(ledger).toMatchObject([{ serial: serial(material), event: 'issued' }]);
    expect(ledger[0]!.caller).toMatch(/^token:/);
    expect(JSON.stringify(sink.lines)).not.toMatch(/kt1\.|PRIVATE KEY/);
  });

  it('S32 is renewed by its certificate before half its life, at no use of the token', async () => {
    const identity = agent({ token: await citadel.token('reviews'), ttlMs: 5_000 });
    await identity.ready();
    const first = identity.current();
    const second = await nextOf(identity);
    const third = await nextOf(identity);
    // Two renewals, each at 40 % of the life or later; certificates tell whole seconds.
    const begin = ({ chain }: TlsMaterial): number => validityOf(parseCertificates(chain)[0]!).notBefore;
    expect(begin(third) - begin(first)).toBeGreaterThanOrEqual(3_000);
    expect(new Set([first, second, third].map(serial)).size).toBe(3);
    expect(spiffeIdOf(third)).toBe('spiffe://cluster.local/ns/default/sa/reviews');
    expect(await citadel.used('reviews')).toBe(1);
    const renewed = (await citadel.certificates('reviews')).find((entry) => entry.serial === serial(second));
    expect(renewed).toMatchObject({ event: 'renewed', caller: `certificate:${serial(first)}` });
  });

  it('survives a restart without Citadel and without a token', async () => {
    const identity = agent({ token: await citadel.token('reviews') });
    await identity.ready();
    identity.stop();
    const again = agent({ citadelAddress: '127.0.0.1:1' });
    await again.ready();
    expect(again.current()).toEqual(identity.current());
  });

  it('does not use what is on disk if it is torn', async () => {
    const identity = agent({ token: await citadel.token('reviews', { uses: 2 }) });
    await identity.ready();
    identity.stop();
    const file = join(dir, 'agent', 'identity.json');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), key: other }));
    const again = agent({ token: await citadel.token('reviews') });
    await again.ready();
    expect(serial(again.current())).not.toBe(serial(identity.current()));
  });

  it('waits for its token and for Citadel, in any order', async () => {
    const address = citadel.address;
    const tokenFile = join(dir, 'token');
    const token = await citadel.token('reviews');
    await citadel.stop();
    const identity = agent({ citadelAddress: address, tokenFile });
    await sink.line('waiting for the join token');
    writeFileSync(tokenFile, `${token}\n`);
    await sink.line('ECONNREFUSED');
    citadel = await TrialCitadel.start(join(dir, 'data'), '--grpc-port', address.split(':')[1]!);
    await identity.ready();
    expect(spiffeIdOf(identity.current())).toBe('spiffe://cluster.local/ns/default/sa/reviews');
  });

  it('is refused to a second key when the token is used up', async () => {
    const token = await citadel.token('reviews');
    await agent({ token }).ready();
    agent({ token }, 'second');
    await sink.line('is used up (1 of 1)');
    expect(await citadel.used('reviews')).toBe(1);
  });

  it('comes again by the same token after a loss of the certificate, at no further use', async () => {
    const token = await citadel.token('reviews');
    const identity = agent({ token });
    await identity.ready();
    identity.stop();
    // As after a crash before the answer was kept, or after an outage longer than the certificate's life.
    rmSync(join(dir, 'agent', 'identity.json'));
    const again = agent({ token });
    await again.ready();
    expect(serial(again.current())).not.toBe(serial(identity.current()));
    expect(await citadel.used('reviews')).toBe(1);
  });

  it('is refused for a token that was withdrawn, and comes by a new one', async () => {
    const token = await citadel.token('reviews');
    expect((await citadel.admin('DELETE', `/v1/tokens/${parseJoinToken(token).id}`)).status).toBe(204);
    const tokenFile = join(dir, 'token');
    writeFileSync(tokenFile, token);
    const identity = agent({ tokenFile });
    await sink.line('the join token is not known here');
    writeFileSync(tokenFile, await citadel.token('reviews'));
    await identity.ready();
  });

  it('S32 outlives an interruption of Citadel', async () => {
    const address = citadel.address;
    const identity = agent({ token: await citadel.token('reviews'), ttlMs: 5_000 });
    await identity.ready();
    await citadel.stop();
    await sink.line('no certificate yet; trying again');
    citadel = await TrialCitadel.start(join(dir, 'data'), '--grpc-port', address.split(':')[1]!);
    const renewed = await nextOf(identity);
    expect(renewed.roots).toBe(citadel.roots);
    expect(await citadel.used('reviews')).toBe(1);
  });

  describe('when the server is not Citadel', () => {
    it('does not send the token to a server with another root', async () => {
      const token = await citadel.token('reviews');
      const other = await TrialCitadel.start(join(dir, 'other'));
      servers.push(other);
      agent({ token, citadelAddress: other.address });
      await sink.line('does not show the root that the join token is pinned to');
      expect(await other.metric('citadel_server_csr_count')).toBe(0);
    });

    it('does not send the token to a server that shows the root but has no certificate from it', async () => {
      const token = await citadel.token('reviews');
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      // All of the root but its key is public and is copied; the signature is by a key of the impostor's own.
      const root = parseCertificates(citadel.roots)[0]!;
      const realKey = createPrivateKey(readFileSync(join(dir, 'data', 'citadel', 'root-key.pem')));
      const forgedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const leaf = signLeaf(
        { ...issuerOf(citadel.roots, realKey), key: forgedKey },
        {
          publicKey,
          names: {
            uris: ['spiffe://cluster.local/ns/istio-system/sa/citadel'],
            dns: ['localhost'],
            ips: ['127.0.0.1'],
          },
          validity: { notBefore: Date.now() - 1000, notAfter: Date.now() + 60_000 },
        },
      );
      expect(new X509Certificate(leaf).checkIssued(root)).toBe(true);
      let calls = 0;
      const impostor = new GrpcServer({ log: sink.log });
      impostor.addService({ createCertificate }, { createCertificate: () => ({ certChain: [String(++calls)] }) });
      servers.push(impostor);
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const tls = new SettableIdentity({ key, chain: `${leaf}${citadel.roots}`, roots: citadel.roots });
      const port = await impostor.listen({ host: '127.0.0.1', port: 0, tls });
      agent({ token, citadelAddress: `127.0.0.1:${port}` });
      await sink.line('certificate signature failure');
      expect(calls).toBe(0);
    });

    it('does not send the token when the root file is another', async () => {
      const rootCertFile = join(dir, 'other-root.pem');
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(
        rootCertFile,
        makeRoot(privateKey, {
          trustDomain: 'cluster.local',
          commonName: 'x',
          validity: { notBefore: Date.now() - 1000, notAfter: Date.now() + 60_000 },
        }),
      );
      agent({ token: await citadel.token('reviews'), rootCertFile });
      await sink.line('pinned to another root');
      expect(await citadel.metric('citadel_server_csr_count')).toBe(0);
    });

    it('lives on when the server is no TLS server at all', async () => {
      const plain = new GrpcServer({ log: sink.log });
      servers.push(plain);
      const port = await plain.listen({ host: '127.0.0.1', port: 0 });
      const tokenFile = join(dir, 'token');
      writeFileSync(tokenFile, await citadel.token('reviews'));
      agent({ tokenFile, citadelAddress: `127.0.0.1:${port}` });
      expect(JSON.stringify(await sink.line('no certificate yet'))).not.toContain('kt1.');
    });
  });
});
