import type { Bag, Value } from '@keelson/core/attributes';
import type { DirectResponse, Grant, Handler, Instance, QuotaAsk, Verdict } from './adapter';
import { DispatchError, FailureList } from './dispatch-error';
import { Evaluation } from './expression-table';
import type { PolicyPlan } from './plan';
import type { CompiledRule, HeaderStep, Step } from './rule';

/** The handlers that are at work, by name. */
export type OpenHandlers = ReadonlyMap<string, Handler>;

/** A change of a header that a check asks for. */
export interface HeaderOperation {
  readonly direction: 'request' | 'response';
  readonly operation: 'REPLACE' | 'REMOVE' | 'APPEND';
  readonly name: string;
  readonly value: string;
}

/** What a check came to. */
export interface CheckOutcome {
  /** A gRPC status code, 0 for yes. */
  readonly code: number;
  readonly message: string;
  readonly validForMs: number;
  readonly validUses: number;
  readonly response?: DirectResponse;
  readonly headers: readonly HeaderOperation[];
}

/** What is told of a request on the way, for a log. */
export type Warn = (title: string, message: string) => void;

/** How long, and for how many requests, an answer holds that nobody limits. */
const unlimited = { validForMs: 60_000, validUses: 10_000 };
const quotaForMs = 60_000;

/**
 * Asks the handlers of all rules that match. The answer holds as long as the shortest of theirs; of several refusals the
 * first gives the code, and all give the message. Throws, or rejects with, a DispatchError.
 */
export function check(
  plan: PolicyPlan,
  handlers: OpenHandlers,
  bag: Bag,
  warn: Warn,
): CheckOutcome | Promise<CheckOutcome> {
  const evaluation = new Evaluation(plan.table, bag);
  const rules = plan.rulesOf(plan.namespaceOf(bag)).check.matching(evaluation, warn);
  const failures = new FailureList();
  const asked = rules.flatMap(({ steps }) => steps.check).map((step) => askCheck(step, handlers, evaluation, failures));
  if (!asked.some((verdict) => verdict instanceof Promise))
    return outcomeOf(asked as (NamedVerdict | undefined)[], failures, rules, evaluation);
  return Promise.all(asked.map((verdict) => Promise.resolve(verdict))).then((verdicts) =>
    outcomeOf(verdicts, failures, rules, evaluation),
  );
}

interface NamedVerdict {
  readonly handler: string;
  readonly verdict: Verdict;
}

function askCheck(
  { handler, instance }: Step,
  handlers: OpenHandlers,
  evaluation: Evaluation,
  failures: FailureList,
): NamedVerdict | undefined | Promise<NamedVerdict | undefined> {
  const failed = (error: unknown): undefined => {
    failures.add(`${handler.name}: ${textOfError(error)}`);
    return undefined;
  };
  const open = handlers.get(handler.name);
  const made = instance.make(evaluation);
  if (made === undefined) {
    failed(`${instance.name}: ${instance.failure(evaluation)}`);
    return;
  }
  if (open?.check === undefined) {
    failed('is not at work');
    return;
  }
  try {
    const verdict = open.check(made);
    if (!(verdict instanceof Promise)) return { handler: handler.name, verdict };
    return verdict.then((late) => ({ handler: handler.name, verdict: late }), failed);
  } catch (error) {
    failed(error);
    return;
  }
}

function outcomeOf(
  verdicts: readonly (NamedVerdict | undefined)[],
  failures: FailureList,
  rules: readonly CompiledRule[],
  evaluation: Evaluation,
): CheckOutcome {
  failures.throwAny();
  let { validForMs, validUses } = unlimited;
  let first: Verdict | undefined;
  const messages: string[] = [];
  const answers = verdicts.filter((verdict) => verdict !== undefined);
  if (answers.length > 0) {
    validForMs = Math.min(...answers.map(({ verdict }) => verdict.validForMs));
    validUses = Math.min(...answers.map(({ verdict }) => verdict.validUses));
  }
  for (const { handler, verdict } of answers) {
    if (verdict.code === 0) continue;
    first ??= verdict;
    messages.push(`${handler}:${verdict.message}`);
  }
  const { code, response } = first ?? { code: 0, response: undefined };
  const headers =
    code === 0 ? rules.flatMap((rule) => rule.headers.flatMap((step) => headersOf(step, evaluation))) : [];
  return { code, message: messages.join(', '), validForMs, validUses, headers, ...(response && { response }) };
}

/** A value that is empty, or that there is none of, is left out. */
function headersOf({ direction, operation, name, values }: HeaderStep, evaluation: Evaluation): HeaderOperation[] {
  if (operation === 'REMOVE') return [{ direction, operation, name, value: '' }];
  return values.flatMap((place) => {
    const value: Value | undefined = evaluation.value(place);
    return typeof value === 'string' && value !== '' ? [{ direction, operation, name, value }] : [];
  });
}

/**
 * Takes an amount of a quota, by the short name of its instance, in any letter case. A quota that no rule that matches has
 * is granted whole. Throws, or rejects with, a DispatchError.
 */
export function quota(
  plan: PolicyPlan,
  handlers: OpenHandlers,
  bag: Bag,
  name: string,
  ask: QuotaAsk,
  warn: Warn,
): Grant | Promise<Grant> {
  const evaluation = new Evaluation(plan.table, bag);
  const wanted = name.toLowerCase();
  const rules = plan.rulesOf(plan.namespaceOf(bag)).quota.matching(evaluation, warn);
  for (const { handler, instance } of rules.flatMap(({ steps }) => steps.quota)) {
    if (shortName(instance.name).toLowerCase() !== wanted) continue;
    const made = instance.make(evaluation);
    if (made === undefined) throw new DispatchError([`${instance.name}: ${instance.failure(evaluation)}`]);
    const open = handlers.get(handler.name);
    if (open?.quota === undefined) throw new DispatchError([`${handler.name} is not at work`]);
    return grantOf(open.quota.bind(open, made, ask), handler.name);
  }
  return { amount: ask.amount, validForMs: quotaForMs };
}

function grantOf(run: () => Grant | Promise<Grant>, handler: string): Grant | Promise<Grant> {
  const failed = (error: unknown): never => {
    throw new DispatchError([`${handler}: ${textOfError(error)}`]);
  };
  try {
    const grant = run();
    return grant instanceof Promise ? grant.catch(failed) : grant;
  } catch (error) {
    return failed(error);
  }
}

/** What adapters are given of one call, in characters: few bytes of a caller can stand for very many of them. */
const longestShares = 64 * 1024 * 1024;

/** Collects what the records of one call are to handlers, and hands each its share at once. */
export class ReportDispatch {
  readonly #shares = new Map<string, Instance[]>();
  readonly #failures = new FailureList();
  #length = 0;

  constructor(
    readonly plan: PolicyPlan,
    readonly handlers: OpenHandlers,
    readonly warn: Warn,
  ) {}

  /** Takes one record. */
  add(bag: Bag): void {
    const { plan } = this;
    const evaluation = new Evaluation(plan.table, bag);
    const rules = plan.rulesOf(plan.namespaceOf(bag)).report.matching(evaluation, this.warn);
    for (const { steps } of rules)
      for (const { handler, instance } of steps.report) {
        const made = instance.make(evaluation);
        if (made === undefined) {
          this.fail(`${instance.name}: ${instance.failure(evaluation)}`);
          continue;
        }
        if (this.#length + evaluation.length > longestShares)
          this.fail(`${instance.name}: more in one call than adapters are given at once`);
        else this.#shareOf(handler.name).push(made);
      }
    this.#length += evaluation.length;
  }

  #shareOf(handler: string): Instance[] {
    let share = this.#shares.get(handler);
    if (!share) this.#shares.set(handler, (share = []));
    return share;
  }

  /** Notes that a record, or a part of it, cannot be reported; the others are. */
  fail(failure: string): void {
    this.#failures.add(failure);
  }

  /** Hands everything over; rejects with a DispatchError of the failures once all others are done. */
  async send(): Promise<void> {
    const failed = (handler: string, error: unknown): void => {
      this.fail(`${handler}: ${textOfError(error)}`);
    };
    const waiting: Promise<void>[] = [];
    for (const [name, share] of this.#shares) {
      try {
        const open = this.handlers.get(name);
        if (open?.report === undefined) throw new Error('is not at work');
        const done = open.report(share);
        if (done instanceof Promise)
          waiting.push(
            done.catch((error: unknown) => {
              failed(name, error);
            }),
          );
      } catch (error) {
        failed(name, error);
      }
    }
    if (waiting.length > 0) await Promise.all(waiting);
    this.#failures.throwAny();
  }
}

function shortName(instance: string): string {
  return instance.slice(0, instance.indexOf('.'));
}

function textOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
