import { status } from '@grpc/grpc-js';
import { HeaderOperation_Operation as Operation } from '@keelson/api/istio/mixer/v1/mixer';
import { QuotaSpec } from '@keelson/api/istio/mixer/v1/config/client/quota';
import { CheckRequest, CheckResponse } from '@keelson/api/envoy/service/auth/v3/external_auth';
import type { CheckCall } from '@keelson/core/attributes';
import { GrpcError } from '@keelson/edge/service';
import { LogSink } from '@keelson/edge/service/testing';
import type { PolicyBackend, PolicyDecision } from '../backend';
import { context, local } from '../testing/envoy-samples';
import { EnvoyCounters } from './counters';
import { answerCheck } from './ext-authz';

const { REPLACE, REMOVE, APPEND } = Operation;
const yes: PolicyDecision = {
  answer: { code: 0, message: '', directive: undefined },
  checkCacheHit: true,
  quotaCacheHit: undefined,
};

describe('S40 answers to ext_authz', () => {
  let counters: EnvoyCounters;
  let sink: LogSink;
  let asked: CheckCall[];

  async function answer(
    decision: PolicyDecision | Promise<PolicyDecision>,
    request: CheckRequest = { attributes: context },
  ): Promise<CheckResponse> {
    const backend: PolicyBackend = {
      check: (call) => {
        asked.push(call);
        return decision;
      },
      report: () => undefined,
    };
    const bytes = CheckRequest.encode(request).finish();
    return CheckResponse.decode(await answerCheck(bytes, { backend, local, counters, log: sink.log }));
  }

  const grpcRequest: CheckRequest = {
    attributes: {
      ...context,
      request: { http: { ...context.request?.http, headers: { 'content-type': 'application/grpc' } } },
    },
  };

  beforeEach(() => {
    counters = new EnvoyCounters();
    sink = new LogSink();
    asked = [];
  });

  it('lets a request pass, and leaves word for the access log', async () => {
    expect(await answer(yes)).toEqual({
      status: { code: 0, message: '', details: [] },
      httpResponse: {
        $case: 'okResponse',
        value: {
          headers: [],
          headersToRemove: [],
          responseHeadersToAdd: [],
          queryParametersToSet: [],
          queryParametersToRemove: [],
        },
      },
      dynamicMetadata: { 'check.cache_hit': true },
    });
    const { dynamicMetadata } = await answer({ ...yes, checkCacheHit: false, quotaCacheHit: true });
    expect(dynamicMetadata).toEqual({ 'check.cache_hit': false, 'quota.cache_hit': true });
  });

  it('asks with the attributes and the quotas of the request', async () => {
    const specs = QuotaSpec.encode({ rules: [{ quotas: [{ quota: 'q', charge: 2 }] }] }).finish();
    const contextExtensions = { 'istio.quota_specs': Buffer.from(specs).toString('base64') };
    await answer(yes, { attributes: { ...context, contextExtensions } });
    expect(asked[0]?.attributes.get('request.host')).toEqual({ type: 'STRING', value: 'ratings:9080' });
    expect(asked[0]?.quotas).toEqual(new Map([['q', { amount: 2, bestEffort: false }]]));
  });

  it.each([
    [7, 'handler:not allowed', 403, 'PERMISSION_DENIED:handler:not allowed'],
    [16, '', 401, 'UNAUTHENTICATED'],
    [8, 'Quota is exhausted for: q', 429, 'RESOURCE_EXHAUSTED:Quota is exhausted for: q'],
    [5, 'x', 404, 'NOT_FOUND:x'],
    [14, 'x', 503, 'UNAVAILABLE:x'],
    [3, 'x', 400, 'INVALID_ARGUMENT:x'],
    [9, '', 400, 'FAILED_PRECONDITION'],
    [99, 'x', 500, 'CODE_99:x'],
    [99, '', 500, 'CODE_99'],
  ])('denies with code %d', async (code, message, http, body) => {
    const decision = { ...yes, answer: { code, message, directive: undefined } };
    expect(await answer(decision)).toMatchObject({
      status: { code, message },
      httpResponse: { $case: 'deniedResponse', value: { status: { code: http }, headers: [], body } },
      dynamicMetadata: { 'check.error_code': code, 'check.error_message': body, 'check.cache_hit': true },
    });
    const { httpResponse } = await answer(decision, grpcRequest);
    expect(httpResponse?.value).toMatchObject({ headers: [{ header: { key: 'grpc-status', value: String(code) } }] });
  });

  it('changes headers as a rule says', async () => {
    const directive = {
      requestHeaderOperations: [
        { name: 'referer', value: 'b', operation: APPEND },
        { name: 'x-new', value: 'c', operation: APPEND },
        { name: 'user-agent', operation: REMOVE },
        { name: 'bad name', value: 'x', operation: REPLACE },
      ],
      responseHeaderOperations: [
        { name: 'server', operation: REMOVE },
        { name: 'x-a', value: '1', operation: APPEND },
        { name: 'x-b', value: '2', operation: REPLACE },
      ],
    };
    const { httpResponse } = await answer({ ...yes, answer: { code: 0, message: '', directive } });
    expect(httpResponse).toMatchObject({
      $case: 'okResponse',
      value: {
        headers: [
          { header: { key: 'referer', value: 'b' }, append: true },
          { header: { key: 'x-new', value: 'c' }, append: false },
        ],
        headersToRemove: ['user-agent'],
        responseHeadersToAdd: [
          { header: { key: 'x-a', value: '1' }, append: true },
          { header: { key: 'x-b', value: '2' }, append: false },
        ],
      },
    });
    expect(counters.ignoredHeaderOperations).toBe(2);
  });

  it.each([0, 7])('answers in place of the service, with code %d', async (code) => {
    const directive = {
      directResponseCode: 302,
      directResponseBody: 'there',
      responseHeaderOperations: [
        { name: 'Location', value: '/x' },
        { name: 'set-cookie', value: 'a=1', operation: APPEND },
        { name: 'set-cookie', value: 'b=1', operation: APPEND },
      ],
    };
    const response = await answer({ ...yes, answer: { code, message: '', directive } });
    expect(response.status?.code).toBe(7);
    expect(response.httpResponse).toMatchObject({
      $case: 'deniedResponse',
      value: { status: { code: 302 }, body: 'there' },
    });
    const denied = response.httpResponse?.$case === 'deniedResponse' ? response.httpResponse.value : {};
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the one that ext_authz reads
    expect(denied.headers?.map(({ header, append }) => [header?.key, header?.value, append])).toEqual([
      ['location', '/x', undefined],
      ['set-cookie', 'a=1', undefined],
      ['set-cookie', 'b=1', undefined],
    ]);
  });

  it('takes no status that is none for an answer', async () => {
    const directive = { directResponseCode: 99, directResponseBody: 'x' };
    const { httpResponse } = await answer({ ...yes, answer: { code: 7, message: 'no', directive } });
    expect(httpResponse?.value).toMatchObject({ status: { code: 403 }, body: 'PERMISSION_DENIED:no' });
  });

  it('S40 leaves to Envoy what nobody could decide', async () => {
    const unavailable = new GrpcError(status.UNAVAILABLE, 'Mixer is away');
    await expect(answer(Promise.reject(unavailable))).rejects.toBe(unavailable);
    const backend: PolicyBackend = {
      check: () => {
        throw unavailable;
      },
      report: () => undefined,
    };
    const bytes = CheckRequest.encode({ attributes: context }).finish();
    expect(() => answerCheck(bytes, { backend, local, counters, log: sink.log })).toThrow(unavailable);
  });

  it('refuses what is no request', () => {
    const run = () =>
      answerCheck(Buffer.from([0x0a, 0x05, 1]), { backend: {} as PolicyBackend, local, counters, log: sink.log });
    expect(run).toThrow('this is no CheckRequest');
  });
});
