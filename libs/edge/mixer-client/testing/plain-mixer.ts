import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { PolicyVersion, WatchRequest } from '@keelson/api/keelson/policy/v1/policy';
import {
  CheckRequest,
  CheckResponse,
  ReferencedAttributes_Condition as Condition,
  ReportRequest,
  ReportResponse,
  type CheckResponse_QuotaResult as QuotaResult,
  type ReferencedAttributes,
  type RouteDirective,
} from '@keelson/api/istio/mixer/v1/mixer';
import {
  globalIndexOf,
  globalWords,
  readAttributes,
  readCheckRequest,
  ReportReader,
  Vocabulary,
  WireVocabulary,
  type Bag,
  type StringMap,
  type Value,
} from '@keelson/core/attributes';
import { createLog, GrpcError, GrpcServer, grpcMethod, rawCodec, type TlsIdentity } from '@keelson/edge/service';
import { attributeTable } from '../envoy/attributes';

const vocabulary = new Vocabulary(new Map(attributeTable.map(({ name, type }) => [name, type])));
const wire = new WireVocabulary(vocabulary);

/** The values of one request, by name, as Mixer reads them; string maps as plain objects. */
export type Told = Record<string, Value | Record<string, string>>;

/** What a check is answered with; what is left out has the usual value. */
export interface CheckReply {
  code?: number;
  message?: string;
  directive?: RouteDirective;
  validMs?: number;
  uses?: number;
  /** Names, or `name[key]`, that the answer depends on; undefined sends no references. */
  references?: readonly string[] | undefined;
  quotas?: Record<string, { amount: number; validMs?: number; references?: readonly string[] }>;
}

export type OnCheck = (
  told: Told,
  quotas: Record<string, number>,
  request: CheckRequest,
) => CheckReply | Promise<CheckReply>;

/** A server of `istio.mixer.v1.Mixer` over a real socket, which decides as a test says. */
export class PlainMixer {
  readonly checks: CheckRequest[] = [];
  readonly reports: Told[] = [];
  readonly reportSizes: number[] = [];
  onCheck: OnCheck = () => ({});
  onReport: () => void | Promise<void> = () => undefined;
  /** What `PolicyVersions` tells; undefined for a Mixer that has no such service. */
  version: string | undefined;
  #server: GrpcServer | undefined;
  #watchers: ServerWritableStream<WatchRequest, PolicyVersion>[] = [];
  #waiting: (() => void)[] = [];
  port = 0;

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, again on the port that it had before; with an identity over mutual TLS. */
  async start(tls?: TlsIdentity): Promise<void> {
    const server = new GrpcServer({ log: createLog('mixer', 'silent') });
    server.addService(
      {
        check: grpcMethod('/istio.mixer.v1.Mixer/Check', 'unary', rawCodec, CheckResponse),
        report: grpcMethod('/istio.mixer.v1.Mixer/Report', 'unary', rawCodec, ReportResponse),
      },
      {
        check: (bytes) => this.#check(bytes),
        report: async (bytes) => {
          await this.onReport();
          this.#report(bytes);
          return {};
        },
      },
    );
    if (this.version !== undefined)
      server.addService(
        { watch: grpcMethod('/keelson.policy.v1.PolicyVersions/Watch', 'server-stream', WatchRequest, PolicyVersion) },
        {
          watch: (call) => {
            this.#watchers.push(call);
            call.write({ version: this.version });
            this.#wake();
          },
        },
      );
    this.port = await server.listen({ host: '127.0.0.1', port: this.port, tls, clientCert: tls ? 'require' : 'none' });
    this.#server = server;
  }

  /** Kills it, with all connections. */
  async stop(): Promise<void> {
    await this.#server?.stop(0);
    this.#server = undefined;
  }

  /** Tells those who watch that answers are by another configuration now. */
  change(version: string): void {
    this.version = version;
    for (const watcher of this.#watchers) watcher.write({ version });
  }

  /** How many ever watched. */
  get watched(): number {
    return this.#watchers.length;
  }

  /** Resolves when a condition holds that calls may change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #check(bytes: Uint8Array): Promise<CheckResponse> {
    const request = CheckRequest.decode(bytes);
    this.checks.push(request);
    const told = toldBy(readAttributes(wire, readCheckRequest(bytes).attributes));
    const asked = Object.fromEntries(
      Object.entries(request.quotas ?? {}).map(([name, { amount = 0 }]) => [name, amount]),
    );
    const reply = await this.onCheck(told, asked, request);
    this.#wake();
    return response(reply, told, asked);
  }

  #report(bytes: Uint8Array): void {
    const { globalWordCount = 0 } = ReportRequest.decode(bytes);
    if (globalWordCount > globalWords.length) throw new GrpcError(status.INTERNAL, 'too many words');
    const reader = new ReportReader(wire, bytes);
    this.reportSizes.push(reader.recordCount);
    for (let bag = reader.next(); bag !== undefined; bag = reader.next()) this.reports.push(toldBy(bag));
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function toldBy(bag: Bag): Told {
  const told: Told = {};
  for (const [slot, name] of vocabulary.names.entries()) {
    const value = bag.get(slot);
    if (value === undefined) continue;
    told[name] = isMap(value) ? Object.fromEntries(value.entries()) : value;
  }
  return told;
}

function isMap(value: Value): value is StringMap {
  return typeof value === 'object' && 'entries' in value && 'get' in value && !(value instanceof Uint8Array);
}

function response(reply: CheckReply, told: Told, asked: Record<string, number>): CheckResponse {
  const { code = 0, message = '', directive, validMs = 60_000, uses = 10_000 } = reply;
  const references = 'references' in reply ? reply.references : [];
  const referencedAttributes = references && referencesOf(references, told);
  const quotas: Record<string, QuotaResult> = {};
  for (const [name, amount] of code === 0 ? Object.entries(asked) : []) {
    const granted = reply.quotas?.[name] ?? { amount };
    quotas[name] = {
      grantedAmount: granted.amount,
      validDuration: durationOf(granted.validMs ?? 60_000),
      referencedAttributes: referencesOf(granted.references ?? [], told),
    };
  }
  return {
    precondition: {
      status: { code, message },
      validDuration: durationOf(validMs),
      validUseCount: uses,
      referencedAttributes,
      routeDirective: directive,
    },
    quotas,
  };
}

function durationOf(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1e6 };
}

/** References as Mixer sends them: what is there EXACT, what is not ABSENCE. */
export function referencesOf(names: readonly string[], told: Told): ReferencedAttributes {
  const words: string[] = [];
  const indexOf = (word: string): number => globalIndexOf(word, globalWords.length) ?? ~(words.push(word) - 1);
  const attributeMatches = names.map((reference) => {
    const [, name = reference, key] = /^(.*)\[(.*)\]$/.exec(reference) ?? [];
    const value = told[name];
    const there = key === undefined || value === undefined ? value : (value as Record<string, string>)[key];
    return {
      name: indexOf(name),
      condition: there === undefined ? Condition.ABSENCE : Condition.EXACT,
      ...(key !== undefined && value !== undefined && { mapKey: indexOf(key) }),
    };
  });
  return { words, attributeMatches };
}
