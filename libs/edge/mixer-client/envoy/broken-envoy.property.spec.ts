import { CheckRequest, CheckResponse } from '@keelson/api/envoy/service/auth/v3/external_auth';
import { StreamAccessLogsMessage } from '@keelson/api/envoy/service/accesslog/v3/als';
import { encodeCheckRequest, encodeReportRequest, type Attributes } from '@keelson/core/attributes';
import { GrpcError, createLog } from '@keelson/edge/service';
import fc from 'fast-check';
import type { PolicyBackend, PolicyDecision } from '../backend';
import { context, local } from '../testing/envoy-samples';
import { AccessLogStream } from './access-log';
import { ConnectionBytes } from './connection-bytes';
import { EnvoyCounters } from './counters';
import { answerCheck } from './ext-authz';

const log = createLog('test', 'silent');

/** A change of a message, by where and to what; bytes go, come, or are others. */
const change = fc.record({ at: fc.nat(), removed: fc.nat({ max: 4 }), put: fc.uint8Array({ maxLength: 4 }) });

function changed(message: Uint8Array, changes: readonly { at: number; removed: number; put: Uint8Array }[]): Buffer {
  return changes.reduce((bytes, { at, removed, put }) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + removed)]);
  }, Buffer.from(message));
}

describe('messages of an Envoy that is broken', () => {
  const decision: PolicyDecision = {
    answer: { code: 0, message: '', directive: { requestHeaderOperations: [{ name: 'x', value: 'y' }] } },
    checkCacheHit: false,
    quotaCacheHit: undefined,
  };
  const seen = { checks: 0, refused: 0, records: 0 };
  // Whatever was made of a message, Mixer can be told it.
  const backend: PolicyBackend = {
    check: (call) => {
      seen.checks++;
      encodeCheckRequest(call);
      return decision;
    },
    report: (records: readonly Attributes[]) => {
      seen.records += records.length;
      encodeReportRequest(records);
    },
  };
  const options = { backend, local, counters: new EnvoyCounters(), log };

  it('S40 are answered or refused', () => {
    const message = CheckRequest.encode({
      attributes: {
        ...context,
        contextExtensions: { 'destination.port': '80', 'istio.quota_specs': 'CgYSBAoBcRAB' },
        metadataContext: {
          filterMetadata: { 'istio.mixer': { attributes: 'CgwKBWEuYi5jEgMSAXg=', list: [1, { a: null }] } },
        },
      },
    }).finish();
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        try {
          const answer = answerCheck(changed(message, changes), options);
          CheckResponse.decode(answer as Buffer);
        } catch (error) {
          if (!(error instanceof GrpcError)) throw error;
          seen.refused++;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(seen.checks).toBeGreaterThan(200);
    expect(seen.refused).toBeGreaterThan(200);
  });

  it('S42 are reported or skipped', () => {
    const common = {
      downstreamDirectRemoteAddress: context.source?.address,
      startTime: { seconds: 100, nanos: 5 },
      duration: { seconds: 1, nanos: 5 },
      streamId: 'c',
      responseFlags: { upstreamOverflow: true },
      tlsProperties: {
        peerCertificateProperties: {
          subject: 'x',
          subjectAltName: [{ san: { $case: 'uri', value: 'spiffe://a/ns/b/sa/c' } as const }],
        },
      },
      customTags: { 'istio.workload': 'a;b;c;d', 'destination.service.name': 'x' },
      metadata: { filterMetadata: { 'envoy.filters.http.ext_authz': { 'check.error_code': 7 } } },
    };
    const messages: StreamAccessLogsMessage[] = [
      {
        identifier: { logName: 'istio.mixer/inbound' },
        logEntries: {
          $case: 'httpLogs',
          value: {
            logEntry: [
              {
                commonProperties: common,
                request: { path: '/a?b=c', requestBodyBytes: 5 },
                response: { responseCode: 200, responseHeaders: { a: 'b' } },
              },
              { commonProperties: common },
            ],
          },
        },
      },
      {
        identifier: { logName: 'istio.mixer/outbound' },
        logEntries: {
          $case: 'tcpLogs',
          value: { logEntry: [{ commonProperties: common, connectionProperties: { receivedBytes: 5, sentBytes: 7 } }] },
        },
      },
    ];
    const encoded = messages.map((message) => StreamAccessLogsMessage.encode(message).finish());
    const stream = new AccessLogStream(options, new ConnectionBytes());
    fc.assert(
      fc.property(fc.constantFrom(...encoded), fc.array(change, { minLength: 1, maxLength: 3 }), (message, changes) => {
        stream.receive(changed(message, changes));
      }),
      { numRuns: 2_000 },
    );
    expect(seen.records).toBeGreaterThan(200);
    expect(options.counters.malformedEntries).toBeGreaterThan(200);
  });

  it('are survived if they are no messages at all', () => {
    const stream = new AccessLogStream(options, new ConnectionBytes());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        stream.receive(bytes);
        try {
          void answerCheck(bytes, options);
        } catch (error) {
          expect(error).toBeInstanceOf(GrpcError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
