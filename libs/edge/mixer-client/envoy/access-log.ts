import { HTTPAccessLogEntry, TCPAccessLogEntry } from '@keelson/api/envoy/data/accesslog/v3/accesslog';
import type { Attributes } from '@keelson/core/attributes';
import type { ConnectionBytes } from './connection-bytes';
import type { EnvoyPolicyOptions } from './ext-authz';
import type { Direction } from './facts';
import { readLogFrames } from './log-frames';
import { httpFacts, isOver, tcpFacts, type LogContext } from './log-facts';
import { attributesOf } from './mapping';
import { TextReader } from './text-reader';

/** The names of the logs that are reported, and what they are of. */
const directions: ReadonlyMap<string, Direction> = new Map([
  ['istio.mixer/inbound', 'inbound'],
  ['istio.mixer/outbound', 'outbound'],
]);

/** One stream of `envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs`: its entries become records. */
export class AccessLogStream {
  readonly #options: EnvoyPolicyOptions;
  readonly #connections: ConnectionBytes;
  #logName = '';

  /** @param connections what connections were told of, by any stream: Envoy may open another one for the same log */
  constructor(options: EnvoyPolicyOptions, connections: ConnectionBytes) {
    this.#options = options;
    this.#connections = connections;
  }

  /** Reports what a message tells. What cannot be read is skipped and counted. */
  receive(bytes: Uint8Array): void {
    const { counters, backend, local, log } = this.#options;
    let frames;
    try {
      frames = readLogFrames(bytes);
    } catch {
      counters.malformedEntries++;
      return;
    }
    const { logName, http, tcp } = frames;
    if (logName !== undefined) {
      this.#logName = logName;
      if (!directions.has(logName)) log.warn({ logName }, 'an access log of an unknown name is not reported');
    }
    const direction = directions.get(this.#logName);
    if (direction === undefined) return;
    const context = { direction, local: local(direction), now: Date.now() };
    const records = [
      ...http.map((entry) => this.#record(() => httpRecord(entry, context))),
      ...tcp.map((entry) => this.#record(() => tcpRecord(entry, context, this.#connections))),
    ].filter((record) => record !== undefined);
    if (records.length > 0) backend.report(records);
  }

  #record(read: () => Attributes | undefined): Attributes | undefined {
    try {
      return read();
    } catch {
      this.#options.counters.malformedEntries++;
      return undefined;
    }
  }
}

function httpRecord(bytes: Uint8Array, context: LogContext): Attributes | undefined {
  const entry = HTTPAccessLogEntry.decode(new TextReader(bytes));
  const { commonProperties: common = {} } = entry;
  if (!isOver(common)) return undefined;
  return attributesOf('http', httpFacts(entry, context), common.customTags ?? {});
}

function tcpRecord(bytes: Uint8Array, context: LogContext, { since }: ConnectionBytes): Attributes {
  const entry = TCPAccessLogEntry.decode(new TextReader(bytes));
  return attributesOf('tcp', tcpFacts(entry, context, since), entry.commonProperties?.customTags ?? {});
}
