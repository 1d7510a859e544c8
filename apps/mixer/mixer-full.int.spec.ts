import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { globalWords } from '@keelson/core/attributes';
import { TrialMixer, type Written } from './testing/trial-mixer';

/** Conditions of referenced attributes. */
const [absence, exact] = [1, 2];

const request: Written = {
  'context.reporter.kind': 'inbound',
  'context.protocol': 'http',
  'destination.namespace': 'default',
  'destination.service.host': 'ratings.default.svc.cluster.local',
  'destination.service.name': 'ratings',
  'destination.labels': { app: 'ratings', version: 'v1' },
  'source.namespace': 'default',
  'source.labels': { app: 'reviews', version: 'v2' },
  'request.headers': { 'user-agent': 'test' },
  'request.path': '/ratings/0',
  'response.code': 200,
};

describe("Mixer with Istio's own configuration, from a folder and alone", () => {
  let mixer: TrialMixer;

  beforeAll(async () => {
    mixer = await TrialMixer.start(`fs://${join(__dirname, 'testing/mixer-full')}`);
  });

  afterAll(() => mixer.stop());

  it('S40 takes it as it is: eight rules, five handlers, nothing left out', async () => {
    const metrics = await (await fetch(`${mixer.monitoring}/metrics`)).text();
    expect(metrics).toContain('mixer_config_rule_configs_total 8');
    expect(metrics).toContain('mixer_config_handler_configs_total 5');
    expect(metrics).toContain('mixer_config_errors_total 0');
  });

  it('S40 allows, and says how long, how often, and by which attributes', async () => {
    const { precondition } = await mixer.check(request);
    expect(precondition?.status?.code ?? 0).toBe(status.OK);
    expect(precondition?.validDuration).toMatchObject({ seconds: 300 });
    expect(precondition?.validUseCount).toBe(10_000);
    const { words = [], attributeMatches = [] } = precondition?.referencedAttributes ?? {};
    const word = (index: number): string => (index < 0 ? words[-index - 1] : globalWords[index]) ?? '';
    const told = attributeMatches.map(({ name = 0, mapKey = 0, condition = 0 }) => [
      word(name),
      mapKey === 0 ? '' : word(mapKey),
      condition,
    ]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['context.reporter.kind', '', exact],
        ['destination.namespace', '', exact],
        ['request.headers', 'clnt', absence],
        ['destination.labels', 'app', exact],
        ['source.labels', 'version', exact],
      ]),
    );
    expect(told.map(([name]) => name)).not.toContain('request.path');
  });

  it('S40 S47 denies by the denier where its rule matches', async () => {
    const { precondition } = await mixer.check({ ...request, 'request.headers': { clnt: 'abc' } });
    expect(precondition?.status).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: 'denyall.istio-system:Not allowed',
    });
    expect(precondition?.validDuration).toMatchObject({ seconds: 5 });
    expect(precondition?.validUseCount).toBe(1_000);
  });

  it('S40 S47 denies by the list a version that is not in it', async () => {
    const { precondition } = await mixer.check({ ...request, 'source.labels': { app: 'reviews', version: 'v3' } });
    expect(precondition?.status).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: 'staticversion.istio-system:v3 is not whitelisted',
    });
  });

  it('S41 grants a quota, tells the same again for the same call, and takes none for a denied request', async () => {
    const quotas = new Map([['RequestCount', { amount: 5, bestEffort: false }]]);
    const first = await mixer.check(request, { quotas, deduplicationId: 'one' });
    expect(first.quotas?.['RequestCount']).toMatchObject({ grantedAmount: 5, validDuration: { seconds: 1 } });
    const again = await mixer.check(request, { quotas, deduplicationId: 'one' });
    expect(again.quotas?.['RequestCount']?.grantedAmount).toBe(5);
    const denied = await mixer.check({ ...request, 'request.headers': { clnt: 'abc' } }, { quotas });
    expect(denied.quotas ?? {}).toEqual({});
  });

  it('S41 S46 grants what no quota is configured for, for a minute', async () => {
    const { quotas } = await mixer.check(request, { quotas: new Map([['other', { amount: 7, bestEffort: false }]]) });
    expect(quotas?.['other']).toMatchObject({ grantedAmount: 7, validDuration: { seconds: 60 } });
  });

  it('S42 counts reported requests under the 19 labels of its rules', async () => {
    await mixer.report(request, request, { ...request, 'response.code': 503 });
    const samples = (await mixer.samples()).filter((line) => line.startsWith('istio_requests_total{'));
    expect(samples).toHaveLength(2);
    const ok = samples.find((line) => line.includes('response_code="200"'));
    expect(ok?.split(',')).toHaveLength(19);
    expect(ok).toMatch(/ 2$/);
    for (const label of ['source_app="reviews"', 'destination_version="v1"', 'reporter="server"'])
      expect(ok).toContain(label);
    expect(samples.find((line) => line.includes('response_code="503"'))).toMatch(/ 1$/);
  });

  it('S40 refuses what is no request, and words that it does not know', async () => {
    await expect(mixer.checkBytes(Buffer.from([0xff, 0xff, 0xff]))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    await expect(mixer.checkBytes(Buffer.from([0x10, 0xe7, 0x07]))).rejects.toMatchObject({
      code: status.INTERNAL,
      details: 'inconsistent global dictionary versions used: mixer knows 222 words, caller knows 999',
    });
  });
});
