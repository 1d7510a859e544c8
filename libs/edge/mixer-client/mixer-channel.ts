import { status, type ServiceError } from '@grpc/grpc-js';
import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import {
  encodeCheckRequest,
  encodeReportRequest,
  globalWords,
  type Attributes,
  type CheckCall,
} from '@keelson/core/attributes';
import { ProblemError } from '@keelson/core/problems';
import {
  BackOff,
  channelCredentials,
  GrpcClient,
  GrpcError,
  grpcMethod,
  rawCodec,
  type TlsIdentity,
} from '@keelson/edge/service';
import { isOutage } from './failure-log';
import { PolicyWatch } from './policy-watch';
import type { RetryPolicy } from './transport';

const methods = {
  check: grpcMethod('/istio.mixer.v1.Mixer/Check', 'unary', rawCodec, CheckResponse),
  report: grpcMethod('/istio.mixer.v1.Mixer/Report', 'unary', rawCodec, rawCodec),
};

/** A call of Mixer that failed, which says nothing of the request that it was about. */
export class MixerFailure extends GrpcError {
  override readonly name = 'MixerFailure';
}

export interface MixerChannelOptions {
  /** `host:port`. */
  address: string;
  /** Shown to Mixer, whose name is checked against its roots; plaintext without. */
  identity?: TlsIdentity | undefined;
  /** Mixer's SPIFFE id, if that is to be checked instead of its name. */
  serverId?: string | undefined;
}

/** What Mixer takes in at a time, less some room for the frame of a message. */
const maxReportBytes = 1_000_000;
const reportTimeoutMs = 5_000;

/** The calls of `istio.mixer.v1.Mixer` over one connection, which is made anew when it broke. */
export class MixerChannel {
  readonly #client: GrpcClient;
  #words = globalWords.length;
  readonly #waits = new Set<() => void>();
  #watch: PolicyWatch | undefined;
  #closed = false;

  constructor({ address, identity, serverId }: MixerChannelOptions) {
    this.#client = new GrpcClient(address, channelCredentials(identity, serverId === undefined ? {} : { serverId }));
  }

  /** Calls Check, again where nobody answered as the policy says, within a time limit. Rejects with a MixerFailure. */
  async check(call: CheckCall, retry: RetryPolicy, limitMs: number): Promise<CheckResponse> {
    const deadline = performance.now() + limitMs;
    const backOff = new BackOff(retry.baseRetryWaitMs, retry.maxRetryWaitMs);
    for (let failed = 0; ; ) {
      const words = this.#words;
      try {
        const request = encodeCheckRequest({ ...call, globalWordCount: words });
        const left = deadline - performance.now();
        return await this.#client.unary(methods.check, request, { timeoutMs: Math.max(0, left) });
      } catch (error) {
        const failure = failureOf(error);
        if (this.#fewerWords(failure, words)) continue;
        const wait = backOff.next();
        const late = performance.now() + wait >= deadline;
        if (++failed > retry.maxRetry || late || !isOutage(failure) || this.#closed) throw failure;
        await this.#wait(wait);
      }
    }
  }

  /** Calls `changed` whenever Mixer answers by another configuration than before; until the channel is closed. */
  watch(changed: () => void): void {
    this.#watch ??= new PolicyWatch(this.#client, changed);
  }

  /**
   * Calls Report with the first of some records, as many as fit one message, and tells how many these were. Rejects with a
   * ReportFailure.
   */
  async report(records: readonly Attributes[]): Promise<number> {
    for (;;) {
      const words = this.#words;
      const { request, count } = largestRequest(records, words);
      try {
        await this.#client.unary(methods.report, request, { timeoutMs: reportTimeoutMs });
        return count;
      } catch (error) {
        const failure = failureOf(error);
        if (this.#fewerWords(failure, words)) continue;
        throw new ReportFailure(failure, count);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const wake of this.#waits) wake();
    this.#watch?.close();
    this.#client.close();
  }

  /** An older Mixer knows fewer global words; its refusal says how many. */
  #fewerWords({ code, message }: MixerFailure, used: number): boolean {
    if (code !== status.INTERNAL || !message.includes('inconsistent global dictionary')) return false;
    if (this.#words < used) return true;
    const known = Number(/mixer knows (\d{1,6}) words/.exec(message)?.[1] ?? 0);
    if (known >= used) return false;
    this.#words = known;
    return true;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waits.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waits.add(wake);
    });
  }
}

/** A call of Report that failed, and how many records it had. */
export class ReportFailure extends MixerFailure {
  constructor(
    { code, message }: Pick<MixerFailure, 'code' | 'message'>,
    readonly count: number,
  ) {
    super(code, message);
  }
}

/** Halved until it fits, and until all of it can be encoded: one record that cannot takes no others with it. */
function largestRequest(records: readonly Attributes[], words: number): { request: Buffer; count: number } {
  for (let count = records.length; ; count = Math.ceil(count / 2)) {
    try {
      const request = encodeReportRequest(records.slice(0, count), words);
      if (request.length <= maxReportBytes || count <= 1) return { request, count };
    } catch (error) {
      if (count <= 1) throw new ReportFailure(failureOf(error), count);
    }
  }
}

/** What made a call fail, in the form of gRPC. */
export function failureOf(error: unknown): MixerFailure {
  if (error instanceof MixerFailure) return error;
  if (isServiceError(error)) return new MixerFailure(error.code, error.details || status[error.code]);
  const code = error instanceof ProblemError ? status.INVALID_ARGUMENT : status.INTERNAL;
  return new MixerFailure(code, error instanceof Error ? error.message : String(error));
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
