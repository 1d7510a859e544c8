import {
  AccessLogType,
  HTTPAccessLogEntry,
  type TCPAccessLogEntry,
} from '@keelson/api/envoy/data/accesslog/v3/accesslog';
import { StreamAccessLogsMessage } from '@keelson/api/envoy/service/accesslog/v3/als';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Attributes } from '@keelson/core/attributes';
import { LogSink } from '@keelson/edge/service/testing';
import type { PolicyBackend } from '../backend';
import { local } from '../testing/envoy-samples';
import { AccessLogStream } from './access-log';
import { ConnectionBytes } from './connection-bytes';
import { EnvoyCounters } from './counters';

describe('S42 streams of access logs', () => {
  let records: Attributes[][];
  let counters: EnvoyCounters;
  let sink: LogSink;
  let stream: AccessLogStream;

  beforeEach(() => {
    records = [];
    counters = new EnvoyCounters();
    sink = new LogSink();
    const backend: PolicyBackend = {
      check: () => Promise.reject(new Error('nobody asks')),
      report: (reported) => records.push([...reported]),
    };
    stream = new AccessLogStream({ backend, local, counters, log: sink.log }, new ConnectionBytes());
  });

  const send = (message: StreamAccessLogsMessage): void => {
    stream.receive(StreamAccessLogsMessage.encode(message).finish());
  };
  const httpLogs = (...paths: string[]): StreamAccessLogsMessage => ({
    logEntries: { $case: 'httpLogs', value: { logEntry: paths.map((path) => ({ request: { path } })) } },
  });
  const paths = (): unknown[] => records.flat().map((record) => record.get('request.path')?.value);

  it('reports the entries of each message together, in the direction that the first one names', () => {
    send({ identifier: { logName: 'istio.mixer/outbound' }, ...httpLogs('/a', '/b') });
    send(httpLogs('/c'));
    expect(records.map(({ length }) => length)).toEqual([2, 1]);
    expect(paths()).toEqual(['/a', '/b', '/c']);
    for (const record of records.flat()) expect(record.get('context.reporter.kind')?.value).toBe('outbound');
  });

  it('reports connections, and remembers what they carried', () => {
    const entry = (accessLogType: AccessLogType, receivedBytes: number): TCPAccessLogEntry => ({
      commonProperties: { streamId: 'c', accessLogType },
      connectionProperties: { receivedBytes },
    });
    const logEntry = [entry(AccessLogType.TcpPeriodic, 5), entry(AccessLogType.TcpConnectionEnd, 9)];
    send({ identifier: { logName: 'istio.mixer/inbound' }, logEntries: { $case: 'tcpLogs', value: { logEntry } } });
    expect(records.flat().map((record) => record.get('connection.received.bytes')?.value)).toEqual([5, 4]);
  });

  it('skips an entry that cannot be read, and no other', () => {
    send({ identifier: { logName: 'istio.mixer/inbound' } });
    const good = (path: string): Uint8Array => HTTPAccessLogEntry.encode({ request: { path } }).finish();
    const logs = new BinaryWriter();
    for (const entry of [good('/a'), Buffer.from([0x0a, 0x7f]), good('/b')]) logs.uint32(0x0a).bytes(entry);
    stream.receive(new BinaryWriter().uint32(0x12).bytes(logs.finish()).finish());
    expect(paths()).toEqual(['/a', '/b']);
    expect(counters.malformedEntries).toBe(1);
  });

  it('skips a message that cannot be read, and reads the next', () => {
    send({ identifier: { logName: 'istio.mixer/inbound' } });
    stream.receive(Buffer.from([0x12, 0x7f]));
    send(httpLogs('/a'));
    expect(paths()).toEqual(['/a']);
    expect(counters.malformedEntries).toBe(1);
  });

  it('reports no other logs, and requests only when they are over', async () => {
    send({ identifier: { logName: 'mine' }, ...httpLogs('/a') });
    await sink.line('mine');
    send({ identifier: { logName: 'istio.mixer/inbound' } });
    const commonProperties = { accessLogType: AccessLogType.DownstreamStart };
    send({ logEntries: { $case: 'httpLogs', value: { logEntry: [{ commonProperties }] } } });
    expect(records).toEqual([]);
    expect(counters.malformedEntries).toBe(0);
  });

  it('knows nothing of a stream that does not begin with a name', () => {
    send(httpLogs('/a'));
    expect(records).toEqual([]);
  });
});
