import { status } from '@grpc/grpc-js';
import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckRequest, encodeReportRequest, valueTypes, type Attributes } from '@keelson/core/attributes';
import { compilePolicy, defineAdapter, type Instance, type PolicyObject } from '@keelson/core/policy';
import { answerCheck, LivePolicy, takeReport } from './calls';

const attributes = ['context.reporter.kind', 'destination.namespace', 'source.namespace', 'request.path'];
const rule = (name: string, template: string, params: object): PolicyObject[] => [
  { kind: 'instance', namespace: 'istio-system', name, spec: { compiledTemplate: template, params } },
  { kind: 'handler', namespace: 'istio-system', name, spec: { compiledAdapter: 'trial', params: {} } },
  {
    kind: 'rule',
    namespace: 'istio-system',
    name,
    spec: { match: '', actions: [{ handler: name, instances: [name] }] },
  },
];
const trial = defineAdapter<object>({
  name: 'trial',
  plural: 'trials',
  description: '',
  templates: ['logentry', 'checknothing'],
  schema: { type: 'object' },
  open: () => ({}),
});

/** Requests to the namespace `shop`, and what the agent of a workload, or a component, may say of them. */
describe('S30 S40 S42 who may speak of a request', () => {
  const written: unknown[] = [];
  const plan = compilePolicy(
    [
      {
        kind: 'attributemanifest',
        namespace: 'istio-system',
        name: 'all',
        spec: { attributes: Object.fromEntries(attributes.map((name) => [name, { valueType: valueTypes.STRING }])) },
      },
      ...rule('log', 'logentry', {
        severity: '"info"',
        timestamp: 'timestamp("2026-01-01T00:00:00Z")',
        variables: { path: 'request.path | ""' },
      }),
      ...rule('no', 'checknothing', {}),
    ],
    new Map([['trial', trial]]),
    'istio-system',
  );
  const policy = new LivePolicy(
    plan,
    new Map([
      ['log.istio-system', { report: (instances: readonly Instance[]) => void written.push(...instances) }],
      ['no.istio-system', { check: () => ({ code: 7, message: 'no', validForMs: 1, validUses: 1 }) }],
    ]),
  );
  const log = { unevaluated: () => undefined, unreadable: () => undefined };
  const told = (kind: 'inbound' | 'outbound', side: string, namespace: string, path = '/a'): Attributes =>
    new Map([
      ['context.reporter.kind', { type: 'STRING', value: kind }],
      [`${side}.namespace`, { type: 'STRING', value: namespace }],
      ['request.path', { type: 'STRING', value: path }],
    ]);
  const paths = (): unknown[] =>
    written
      .splice(0)
      .map((instance) => (instance as { values: { variables: { path: string } } }).values.variables.path);

  beforeEach(() => written.splice(0));

  test('the configuration of the test is whole', () => {
    expect(plan.problems).toEqual([]);
  });

  test.each(['shop', undefined])('a check by a caller for namespace %s', (namespace) => {
    const bytes = encodeCheckRequest({ attributes: told('inbound', 'destination', 'shop') });
    const response = CheckResponse.decode(answerCheck(policy, bytes, { namespace }, log) as Buffer);
    expect(response.precondition?.status?.code).toBe(7);
  });

  test('no check by a caller of another', () => {
    const bytes = encodeCheckRequest({ attributes: told('inbound', 'destination', 'shop') });
    expect(() => answerCheck(policy, bytes, { namespace: 'books' }, log)).toThrow(
      expect.objectContaining({
        code: status.PERMISSION_DENIED,
        message: 'the request is reported by namespace shop, the caller is of books',
      }) as Error,
    );
  });

  test('of what goes out, the namespace of the source counts', async () => {
    const records = encodeReportRequest([told('outbound', 'source', 'books')]);
    await takeReport(policy, records, { namespace: 'books' }, log);
    expect(paths()).toEqual(['/a']);
  });

  test('of a report, the records of another namespace are refused, and the others are taken', async () => {
    const records = encodeReportRequest([
      told('inbound', 'destination', 'shop', '/own'),
      told('inbound', 'destination', 'books', '/foreign'),
      told('inbound', 'destination', 'shop', '/own-too'),
    ]);
    await expect(takeReport(policy, records, { namespace: 'shop' }, log)).rejects.toMatchObject({
      code: status.UNKNOWN,
      message: expect.stringContaining('the request is reported by namespace books, the caller is of shop') as string,
    });
    expect(paths()).toEqual(['/own', '/own-too']);
  });

  describe('S42 a report whose few bytes stand for many', () => {
    /** A record of a long path, and others that change nothing of it: two bytes each, on the wire. */
    const report = (path: string, more: number): Buffer =>
      Buffer.concat([
        encodeReportRequest([told('inbound', 'destination', 'shop', path)]),
        Buffer.alloc(2 * more, Buffer.of(0x0a, 0)),
      ]);

    test('is taken as far as adapters can bear it, and told of', async () => {
      const bytes = report('/'.padEnd(900_000, 'x'), 9_000);
      await expect(takeReport(policy, bytes, { namespace: 'shop' }, log)).rejects.toMatchObject({
        code: status.UNKNOWN,
        message: expect.stringMatching(
          /more in one call than adapters are given at once; \d+ records: too much in one call, send fewer at once; … and \d+ more$/,
        ) as string,
      });
      expect(written.length).toBe(Math.floor((64 * 1024 * 1024) / 900_000));
    });

    test('is no matter where the texts are short', async () => {
      await takeReport(policy, report('/short', 9_999), { namespace: 'shop' }, log);
      expect(written).toHaveLength(10_000);
    });

    test('does not keep others waiting', async () => {
      let now = 0;
      const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 2));
      let turns = 0;
      let turn = setImmediate(function next() {
        turns++;
        turn = setImmediate(next);
      });
      await takeReport(policy, report('/short', 999), { namespace: 'shop' }, log);
      clearImmediate(turn);
      clock.mockRestore();
      expect(turns).toBeGreaterThan(50);
      expect(written).toHaveLength(1_000);
    });
  });

  test('S40 a direct response sets its cookies one by one, dates and all', () => {
    const headers = { 'Set-Cookie': 'sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT, theme=dark; Path=/', 'x-a': '1, 2' };
    const verdict = {
      code: 7,
      message: 'no',
      validForMs: 1,
      validUses: 1,
      response: { status: 403, body: '', headers },
    };
    const answering = new LivePolicy(plan, new Map([['no.istio-system', { check: () => verdict }]]));
    const bytes = encodeCheckRequest({ attributes: told('inbound', 'destination', 'shop') });
    const { precondition } = CheckResponse.decode(answerCheck(answering, bytes, { namespace: 'shop' }, log) as Buffer);
    expect(precondition?.routeDirective?.responseHeaderOperations?.map(({ name, value }) => [name, value])).toEqual([
      ['Set-Cookie', 'sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
      ['Set-Cookie', 'theme=dark; Path=/'],
      ['x-a', '1, 2'],
    ]);
  });

  test('S13 a quota is counted for callers that send no id, too', () => {
    const asked: string[] = [];
    const quotas = new Map([['five', { amount: 1, bestEffort: false }]]);
    const meter = defineAdapter<object>({ ...trial, name: 'meter', templates: ['quota'] });
    const metered = new LivePolicy(
      compilePolicy(
        rule('five', 'quota', {}).map((object) =>
          object.kind === 'handler' ? { ...object, spec: { compiledAdapter: 'meter', params: {} } } : object,
        ),
        new Map([['meter', meter]]),
        'istio-system',
      ),
      new Map([
        [
          'five.istio-system',
          {
            quota: (_: Instance, ask: { deduplicationId: string }) => ({
              amount: asked.push(ask.deduplicationId),
              validForMs: 1,
            }),
          },
        ],
      ]),
    );
    for (const deduplicationId of [undefined, 'a'])
      void answerCheck(
        metered,
        encodeCheckRequest({
          attributes: told('inbound', 'destination', 'shop'),
          quotas,
          ...(deduplicationId && { deduplicationId }),
        }),
        { namespace: 'shop' },
        log,
      );
    expect(asked).toEqual(['', 'afive']);
  });
});
