import { parseJoinToken } from '@keelson/core/pki';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TrialCitadel } from '../../apps/citadel/testing/trial-citadel';
import { containerOf, workloads } from '../testing/manifests';

/** A Secret's files by their names. */
type Secret = Record<string, string>;

describe('first-trust.sh beside a real Citadel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-first-trust-'));
  const path = (...names: string[]): string => join(folder, ...names);
  let citadel: TrialCitadel;

  const run = async (): Promise<void> => {
    await promisify(execFile)(join(__dirname, 'first-trust.sh'), [path('operator')], {
      env: {
        ...process.env,
        PATH: [path('bin'), process.env.PATH].join(delimiter),
        TMPDIR: path('tmp'),
        STAND_IN_FOLDER: path('cluster'),
        STAND_IN_DATA_DIR: citadel.dataDir,
        STAND_IN_ADMIN_PORT: String(citadel.service.ports.get('admin') ?? 0),
      },
    });
  };
  const secret = (name: string): Secret => {
    const data = JSON.parse(readFileSync(path('cluster', `${name}.json`), 'utf8')) as Secret;
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
  };
  const secretNames = (): string[] =>
    readdirSync(path('cluster'))
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort();
  const gatewayTokens = async (): Promise<unknown[]> =>
    (JSON.parse((await citadel.admin('GET', '/v1/tokens')).body) as { serviceAccount: string }[]).filter(
      ({ serviceAccount }) => serviceAccount === 'istio-ingressgateway',
    );

  beforeAll(async () => {
    for (const name of ['bin', 'tmp', 'cluster']) mkdirSync(path(name));
    symlinkSync(join(__dirname, '..', 'testing', 'kubectl-stand-in.cjs'), path('bin', 'kubectl'));
    const [manifest] = workloads.filter(({ metadata }) => metadata.name === 'citadel');
    const names = manifest && containerOf(manifest).args.find((word) => word.startsWith('--server-names='));
    citadel = await TrialCitadel.start(path('data'), names ?? '');
    await run();
  });
  afterAll(async () => {
    await citadel.stop();
    rmSync(folder, { recursive: true });
  });

  it('makes each Secret that the manifests mount and cannot do without', () => {
    const mounted = workloads
      .flatMap(({ spec }) => spec.template.spec.volumes)
      .flatMap((volume) =>
        volume.secret === undefined || volume.secret.optional === true ? [] : volume.secret.secretName,
      );
    expect(secretNames()).toEqual(mounted.sort());
  });

  it.each(['galley', 'pilot', 'mixer', 'istio-ingressgateway'])('gives %s its token and the root', async (account) => {
    const made = secret(`${account}-join`);
    expect(Object.keys(made).sort()).toEqual(['root-cert.pem', 'token']);
    expect(made['root-cert.pem']).toBe(citadel.roots);
    const { id } = parseJoinToken((made.token ?? '').trim());
    const { body } = await citadel.admin('GET', '/v1/tokens');
    expect(JSON.parse(body)).toContainEqual(
      expect.objectContaining({ id, namespace: 'istio-system', serviceAccount: account, uses: 1000, used: 0 }),
    );
  });

  it('gives the NATS servers a certificate with the name of each of them', () => {
    const made = secret('nats-tls');
    expect(Object.keys(made).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    const certificate = new X509Certificate(made['tls.crt'] ?? '');
    for (const number of [0, 1, 2])
      expect(certificate.checkHost(`nats-${number}.nats.istio-system.svc`)).toBe(
        `nats-${number}.nats.istio-system.svc`,
      );
    expect(made['ca.crt']).toBe(citadel.roots);
  });

  it('gives the operator what meshctl needs, readable by him alone, and leaves nothing else behind', () => {
    const context = JSON.parse(readFileSync(path('operator', 'meshctl.json'), 'utf8')) as Record<string, string>;
    for (const key of ['ca', 'cert', 'key']) expect(readdirSync(path('operator'))).toContain(context[key]);
    expect(readFileSync(path('operator', 'operator-key.pem'), 'utf8')).toBe(citadel.file('operator-key.pem'));
    for (const file of readdirSync(path('operator'))) expect(statSync(path('operator', file)).mode & 0o077).toBe(0);
    expect(statSync(path('operator')).mode & 0o077).toBe(0);
    expect(readdirSync(path('tmp'))).toEqual([]);
  });

  it('run again makes no second token for the gateway, and disturbs no NATS server whose certificate is the same', async () => {
    const before = secret('istio-ingressgateway-join');
    writeFileSync(path('cluster', 'calls'), '');
    await run();
    expect(secret('istio-ingressgateway-join')).toEqual(before);
    expect(await gatewayTokens()).toHaveLength(1);
    expect(readFileSync(path('cluster', 'calls'), 'utf8')).not.toContain('rollout restart');
  });

  it('puts a renewed certificate of NATS in place, and has the servers take it in', async () => {
    const old = secret('nats-tls')['tls.crt'];
    await citadel.stop();
    rmSync(join(citadel.dataDir, 'bootstrap', 'nats-cert.pem'));
    citadel = await TrialCitadel.start(path('data'), '--server-names=nats-0.nats.istio-system.svc');
    await run();
    expect(secret('nats-tls')['tls.crt']).not.toBe(old);
    expect(secret('nats-tls')['tls.crt']).toBe(citadel.file('nats-cert.pem'));
    expect(readFileSync(path('cluster', 'calls'), 'utf8')).toContain('rollout restart statefulset/nats\n');
  });

  it('says what is wrong and makes no Secret when Citadel refuses a token', async () => {
    rmSync(path('cluster', 'istio-ingressgateway-join.json'));
    writeFileSync(join(citadel.dataDir, 'bootstrap', 'operator-cert.pem'), citadel.file('nats-cert.pem'));
    writeFileSync(join(citadel.dataDir, 'bootstrap', 'operator-key.pem'), citadel.file('nats-key.pem'));
    await expect(run()).rejects.toThrow(/no join token for istio-system\/istio-ingressgateway: HTTP 403/);
    expect(secretNames()).not.toContain('istio-ingressgateway-join');
    expect(readdirSync(path('tmp'))).toEqual([]);
  });
});
