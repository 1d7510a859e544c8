import { setImmediate as nextTurn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { HeaderOperation_Operation, RouteDirective } from '@keelson/api/istio/mixer/v1/mixer';
import {
  encodeCheckResponse,
  encodeReferences,
  globalWords,
  readAttributes,
  readCheckRequest,
  References,
  ReportReader,
  TrackedBag,
  WireVocabulary,
  type CheckRequestParts,
  type DecodedBag,
  type QuotaAnswer,
} from '@keelson/core/attributes';
import {
  check,
  DispatchError,
  quota,
  ReportDispatch,
  type CheckOutcome,
  type Grant,
  type HeaderOperation,
  type OpenHandlers,
  type PolicyPlan,
} from '@keelson/core/policy';
import { ProblemError, type Problem } from '@keelson/core/problems';
import { GrpcError } from '@keelson/edge/service';

/** A configuration at work: its plan, and the handlers that it uses. */
export class LivePolicy {
  readonly wire: WireVocabulary;

  constructor(
    readonly plan: PolicyPlan,
    readonly handlers: OpenHandlers,
  ) {
    this.wire = new WireVocabulary(plan.vocabulary);
  }
}

/** Who calls. */
export interface Caller {
  /** The namespace that it speaks for; undefined for one who may speak for all. */
  readonly namespace: string | undefined;
}

/** Hears of what is odd in a request and does not fail it. */
export interface CallLog {
  /** A rule or a condition that could not be evaluated. */
  readonly unevaluated: (title: string, message: string) => void;
  /** Attributes that count as absent. */
  unreadable(problems: readonly Problem[]): void;
}

const operations: Record<HeaderOperation['operation'], HeaderOperation_Operation> = {
  REPLACE: HeaderOperation_Operation.REPLACE,
  REMOVE: HeaderOperation_Operation.REMOVE,
  APPEND: HeaderOperation_Operation.APPEND,
};

/**
 * Answers `istio.mixer.v1.Mixer/Check` with the bytes of a response. Throws, or rejects with, a GrpcError: INVALID_ARGUMENT for
 * what is no request, PERMISSION_DENIED for a request of another namespace than the caller's, INTERNAL where words are not
 * known here or an adapter fails.
 */
export function answerCheck(
  policy: LivePolicy,
  request: Uint8Array,
  caller: Caller,
  log: CallLog,
): Buffer | Promise<Buffer> {
  const parts = readable(() => readCheckRequest(request));
  requireWords(parts.globalWordCount);
  const bag = readable(() => readAttributes(policy.wire, parts.attributes));
  if (bag.problems.length > 0) log.unreadable(bag.problems);
  const foreign = foreignTo(caller, policy, bag);
  if (foreign !== undefined) throw new GrpcError(status.PERMISSION_DENIED, foreign);
  const references = new References(policy.plan.vocabulary);
  const finish = (outcome: CheckOutcome): Buffer | Promise<Buffer> => {
    const quotas = outcome.code === 0 ? takeQuotas(policy, parts, bag, log) : noQuotas;
    return quotas instanceof Promise
      ? quotas.then((taken) => encode(policy, parts, outcome, references, taken))
      : encode(policy, parts, outcome, references, quotas);
  };
  const outcome = failing('check', () =>
    check(policy.plan, policy.handlers, new TrackedBag(bag, references), log.unevaluated),
  );
  return outcome instanceof Promise ? outcome.then(finish) : finish(outcome);
}

const noQuotas: ReadonlyMap<string, QuotaAnswer> = new Map();

function takeQuotas(
  policy: LivePolicy,
  { quotas, deduplicationId, globalWordCount }: CheckRequestParts,
  bag: DecodedBag,
  log: CallLog,
): ReadonlyMap<string, QuotaAnswer> | Promise<ReadonlyMap<string, QuotaAnswer>> {
  if (quotas.size === 0) return noQuotas;
  const taken = new Map<string, QuotaAnswer>();
  const waiting: Promise<void>[] = [];
  const { vocabulary } = policy.plan;
  for (const [name, { amount, bestEffort }] of quotas) {
    const references = new References(vocabulary);
    const note = (grant: Grant): void => {
      taken.set(name, { ...grant, references: encodeReferences(references, vocabulary, globalWordCount) });
    };
    // As Mixer always did: a quota that cannot be told grants nothing, and does not fail the call.
    const failed = (error: unknown): void => {
      log.unevaluated(`quota ${name}`, error instanceof Error ? error.message : String(error));
      note({ amount: 0, validForMs: 0 });
    };
    try {
      const ask = { amount, bestEffort, deduplicationId: deduplicationId === '' ? '' : deduplicationId + name };
      const tracked = new TrackedBag(bag, references);
      const grant = quota(policy.plan, policy.handlers, tracked, name, ask, log.unevaluated);
      if (grant instanceof Promise) waiting.push(grant.then(note, failed));
      else note(grant);
    } catch (error) {
      failed(error);
    }
  }
  return waiting.length === 0 ? taken : Promise.all(waiting).then(() => taken);
}

function encode(
  policy: LivePolicy,
  { globalWordCount }: CheckRequestParts,
  { code, message, validForMs, validUses, response, headers }: CheckOutcome,
  references: References,
  quotas: ReadonlyMap<string, QuotaAnswer>,
): Buffer {
  const directive =
    response === undefined && headers.length === 0
      ? undefined
      : RouteDirective.encode({
          requestHeaderOperations: headersFor('request', headers),
          responseHeaderOperations: [
            ...headersFor('response', headers),
            ...Object.entries(response?.headers ?? {}).flatMap(([name, value]) => directHeaders(name, value)),
          ],
          directResponseCode: response?.status ?? 0,
          directResponseBody: response?.body ?? '',
        }).finish();
  return encodeCheckResponse(
    {
      code,
      message,
      validForMs,
      validUses,
      references: encodeReferences(references, policy.plan.vocabulary, globalWordCount),
      ...(directive && { directive }),
    },
    quotas,
  );
}

function headersFor(
  direction: HeaderOperation['direction'],
  headers: readonly HeaderOperation[],
): { name: string; value: string; operation: HeaderOperation_Operation }[] {
  return headers
    .filter((header) => header.direction === direction)
    .map(({ name, value, operation }) => ({ name, value, operation: operations[operation] }));
}

/** Cookies are set one by one; each other header once. */
function directHeaders(
  name: string,
  value: string,
): { name: string; value: string; operation: HeaderOperation_Operation }[] {
  if (name.toLowerCase() !== 'set-cookie') return [{ name, value, operation: operations.REPLACE }];
  // Not at the comma of a date.
  return value
    .split(/,(?=\s*[^;,=\s]+=)/)
    .map((cookie) => ({ name, value: cookie.trim(), operation: operations.APPEND }));
}

/** Bytes of records that one report may have looked at. */
const mostWork = 256 * 1024 * 1024;
/** Others are answered between the records of a large report. */
const longestTurnMs = 10;

/**
 * Takes in the bytes of a `ReportRequest`; rejects with a GrpcError: UNKNOWN with all that failed, while the rest was
 * reported.
 */
export async function takeReport(policy: LivePolicy, request: Uint8Array, caller: Caller, log: CallLog): Promise<void> {
  const reader = readable(() => new ReportReader(policy.wire, request));
  requireWords(reader.globalWordCount);
  if (reader.recordCount === 0) return;
  const dispatch = new ReportDispatch(policy.plan, policy.handlers, log.unevaluated);
  let turn = performance.now();
  while (reader.work <= mostWork) {
    if (performance.now() - turn > longestTurnMs) {
      await nextTurn();
      turn = performance.now();
    }
    let bag: DecodedBag | undefined;
    try {
      bag = reader.next();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      dispatch.fail(error.message);
      continue;
    }
    if (bag === undefined) break;
    if (bag.problems.length > 0) log.unreadable(bag.problems);
    const foreign = foreignTo(caller, policy, bag);
    if (foreign === undefined) dispatch.add(bag);
    else dispatch.fail(foreign);
  }
  const left = reader.recordCount - reader.read;
  if (left > 0)
    dispatch.fail(
      reader.work > mostWork
        ? `${left} records: too much in one call, send fewer at once`
        : `${left} records behind one that cannot be read`,
    );
  try {
    await dispatch.send();
  } catch (error) {
    if (error instanceof DispatchError) throw new GrpcError(status.UNKNOWN, error.message);
    throw error;
  }
}

/** Why a caller may not speak of a request: nobody takes the quotas, or writes the records, of another namespace. */
function foreignTo({ namespace }: Caller, { plan }: LivePolicy, bag: DecodedBag): string | undefined {
  if (namespace === undefined) return undefined;
  const told = plan.namespaceOf(bag);
  if (told === '' || told === namespace) return undefined;
  return `the request is reported by namespace ${told}, the caller is of ${namespace}`;
}

function requireWords(count: number): void {
  if (count <= globalWords.length) return;
  throw new GrpcError(
    status.INTERNAL,
    `inconsistent global dictionary versions used: mixer knows ${globalWords.length} words, caller knows ${count}`,
  );
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProblemError) throw new GrpcError(status.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

function failing<T>(what: string, run: () => T | Promise<T>): T | Promise<T> {
  const failed = (error: unknown): never => {
    if (!(error instanceof DispatchError)) throw error;
    throw new GrpcError(status.INTERNAL, `performing ${what} operation failed: ${error.message}`);
  };
  try {
    const result = run();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
