import { status } from '@grpc/grpc-js';
import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckRequest, encodeReportRequest, type Attributes, type CheckCall } from '@keelson/core/attributes';
import type { FailureLog, PolicyBackend, PolicyDecision } from '@keelson/edge/mixer-client';
import { GrpcError, type Logger } from '@keelson/edge/service';
import { randomUUID } from 'node:crypto';
import { answerCheck, takeReport, type CallLog, type Caller, type LivePolicy } from './calls';

export interface LocalBackendOptions {
  policy: () => LivePolicy | undefined;
  caller: Caller;
  callLog: CallLog;
  log: Logger;
  /** Hears of checks that nobody could decide on. */
  failures: FailureLog;
  counters: LocalCounters;
}

/** What goes wrong here, for metrics. */
export class LocalCounters {
  /** Checks on which nobody could decide. */
  failedChecks = 0;
}

/** The policies of this Mixer for proxies that ask it themselves: as if an agent had called, but without a network. */
export class LocalBackend implements PolicyBackend {
  private readonly deduplication = `${randomUUID()}-`;
  private calls = 0;
  private readonly reporting = new Set<Promise<void>>();
  /** Why reports failed last, so that it is said once. */
  private reportFailure = '';

  constructor(private readonly options: LocalBackendOptions) {}

  check(call: CheckCall): PolicyDecision | Promise<PolicyDecision> {
    const deduplicationId = `${this.deduplication}${String(this.calls++)}`;
    const { caller, callLog, failures } = this.options;
    const decide = (bytes: Buffer): PolicyDecision => {
      failures.answered();
      return decisionOf(CheckResponse.decode(bytes), call);
    };
    try {
      const response = answerCheck(this.policy(), encodeCheckRequest({ ...call, deduplicationId }), caller, callLog);
      return response instanceof Promise ? response.then(decide).catch(this.failed) : decide(response);
    } catch (error) {
      return this.failed(error);
    }
  }

  /** What is no GrpcError is a fault of this program: the server that was asked logs it. */
  private readonly failed = (error: unknown): never => {
    const { failures, counters } = this.options;
    counters.failedChecks++;
    if (error instanceof GrpcError) failures.failed(error);
    throw error;
  };

  report(records: readonly Attributes[]): void {
    const { caller, callLog, log } = this.options;
    const taken = Promise.resolve()
      .then(() => takeReport(this.policy(), encodeReportRequest(records), caller, callLog))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== this.reportFailure) log.warn({ reason }, 'a report of a proxy failed in part');
        this.reportFailure = reason;
      })
      .finally(() => this.reporting.delete(taken));
    this.reporting.add(taken);
  }

  /** Resolves when what was reported until now was taken in. */
  async settled(): Promise<void> {
    await Promise.all(this.reporting);
  }

  private policy(): LivePolicy {
    const policy = this.options.policy();
    if (policy === undefined) throw new GrpcError(status.UNAVAILABLE, 'the configuration is not loaded yet');
    return policy;
  }
}

function decisionOf({ precondition, quotas = {} }: CheckResponse, call: CheckCall): PolicyDecision {
  const { status: result, routeDirective } = precondition ?? {};
  const asked = [...(call.quotas ?? [])];
  const hits = { checkCacheHit: false, quotaCacheHit: asked.length === 0 ? undefined : false };
  const code = result?.code ?? 0;
  if (code !== 0) return { answer: { code, message: result?.message ?? '', directive: routeDirective }, ...hits };
  const refused = asked.filter(([name, { amount }]) => (quotas[name]?.grantedAmount ?? 0) < amount);
  if (refused.length === 0) return { answer: { code, message: '', directive: routeDirective }, ...hits };
  const message = `Quota is exhausted for: ${refused.map(([name]) => name).join(',')}`;
  return { answer: { code: status.RESOURCE_EXHAUSTED, message, directive: undefined }, ...hits };
}
