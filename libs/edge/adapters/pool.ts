import type {
  AdapterLog,
  AdapterTable,
  Handler,
  HandlerPlan,
  InstanceDescription,
  OpenHandlers,
  PolicyPlan,
} from '@keelson/core/policy';
import type { Problem } from '@keelson/core/problems';
import { textOfError } from './text-of-error';

export interface HandlerPoolOptions {
  readonly log: AdapterLog;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
  /** How long a handler that went out of use stays open, for calls that are under way. */
  readonly graceMs?: number;
  /** How often a handler is tried that could not be opened. */
  readonly retryMs?: number;
}

/** A handler that is open. */
interface Opened {
  readonly name: string;
  readonly title: string;
  /** The same for handlers that are opened alike. */
  readonly key: string;
  readonly handler: Handler;
}

/** A handler that cannot be opened. */
interface Failed {
  readonly plan: HandlerPlan;
  readonly key: string;
  readonly failure: string;
}

const closeMs = 5_000;

/**
 * The handlers that are at work. A new plan leaves those alone that are opened as before, so that what they hold (the
 * counters of a quota, a list) outlives changes that do not concern them.
 */
export class HandlerPool {
  #open = new Map<string, Opened>();
  /** What the last plan's callers use; a handler that opens late comes into it. */
  #handlers = new Map<string, Handler>();
  #failed = new Map<string, Failed>();
  /** Out of use, each with the timer that closes it. */
  readonly #retired = new Map<Opened, NodeJS.Timeout>();
  readonly #closing = new Set<Promise<void>>();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly adapters: AdapterTable,
    private readonly options: HandlerPoolOptions,
  ) {}

  /** Opens what a plan needs and others have not, and closes what it does not need, a while later. Never throws. */
  open(plan: PolicyPlan): OpenHandlers {
    if (this.#closed) return new Map();
    clearTimeout(this.#retry);
    const failed = this.#failed;
    this.#failed = new Map();
    const before = this.#open;
    this.#open = new Map();
    this.#handlers = new Map();
    for (const handler of plan.handlers.values()) {
      const key = keyOf(handler);
      const known = before.get(handler.name);
      if (known?.key === key) {
        before.delete(handler.name);
        this.#use(known);
      } else this.#start(handler, key, failed.get(handler.name)?.failure);
    }
    for (const opened of before.values()) this.#retire(opened);
    this.#planRetry();
    return this.#handlers;
  }

  /** What is not at work now, and why. */
  get problems(): readonly Problem[] {
    const failed = [...this.#failed.values()].map(({ plan, failure }) =>
      problemOf(plan.title, '', `cannot be opened: ${failure}`),
    );
    const parts = [...this.#open.values()].flatMap(({ title, handler }) =>
      (handler.problems?.() ?? []).map(({ field, message }) => problemOf(title, field, message)),
    );
    return [...failed, ...parts];
  }

  /** Closes everything, and waits for what handlers still have to pass on. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const [opened, timer] of this.#retired) {
      clearTimeout(timer);
      this.#close(opened);
    }
    this.#retired.clear();
    for (const opened of this.#open.values()) this.#close(opened);
    this.#open.clear();
    this.#handlers.clear();
    this.#failed.clear();
    await Promise.all(this.#closing);
  }

  #use(opened: Opened): void {
    this.#open.set(opened.name, opened);
    this.#handlers.set(opened.name, opened.handler);
  }

  /** @param known why it could not be opened the last time */
  #start(plan: HandlerPlan, key: string, known?: string): void {
    const revived = this.#revive(plan.name, key);
    if (revived) {
      this.#use(revived);
      return;
    }
    const { name, title, settings } = plan;
    const { log, now = () => performance.now() } = this.options;
    this.#failed.delete(name);
    try {
      const adapter = this.adapters.get(plan.adapter);
      if (!adapter) throw new Error(`there is no adapter ${plan.adapter}`);
      const instances = new Map(describe(plan).map((instance) => [instance.name, instance]));
      const handler = adapter.open(settings, { name, instances, log: logOf(log, name), now });
      this.#use({ name, title, key, handler });
      for (const { field, message } of handler.problems?.() ?? [])
        log.warn({ handler: name, field, problem: message }, 'a part of the handler does not work');
      if (known !== undefined) log.info({ handler: name }, 'the handler is open now');
    } catch (error) {
      const failure = textOfError(error);
      this.#failed.set(name, { plan, key, failure });
      if (failure !== known) log.error({ handler: name, failure }, 'the handler cannot be opened');
    }
  }

  /** A handler that just went out of use, and is wanted again. */
  #revive(name: string, key: string): Opened | undefined {
    for (const [opened, timer] of this.#retired) {
      if (opened.name !== name || opened.key !== key) continue;
      clearTimeout(timer);
      this.#retired.delete(opened);
      return opened;
    }
    return undefined;
  }

  #retire(opened: Opened): void {
    const timer = setTimeout(() => {
      this.#retired.delete(opened);
      this.#close(opened);
    }, this.options.graceMs ?? 5_000);
    timer.unref();
    this.#retired.set(opened, timer);
  }

  #close({ name, handler }: Opened): void {
    const { log } = this.options;
    const closing = closed(handler).then(
      () => undefined,
      (error: unknown) => {
        log.error({ handler: name, failure: textOfError(error) }, 'the handler could not be closed');
      },
    );
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  #planRetry(): void {
    if (this.#failed.size === 0) return;
    this.#retry = setTimeout(() => {
      for (const { plan, key, failure } of [...this.#failed.values()]) this.#start(plan, key, failure);
      this.#planRetry();
    }, this.options.retryMs ?? 10_000);
    this.#retry.unref();
  }
}

/** Closes a handler; rejects where that fails or takes too long. */
async function closed(handler: Handler): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, closeMs, new Error(`it took more than ${closeMs / 1000} s`));
  });
  try {
    await Promise.race([Promise.resolve().then(() => handler.close?.()), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The instances that rules send to a handler, without what they are made from, sorted by name. */
function describe({ instances }: HandlerPlan): InstanceDescription[] {
  return [...instances.values()]
    .map(({ name, template, types }) => ({ name, template, types }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function keyOf(plan: HandlerPlan): string {
  return JSON.stringify([plan.adapter, sorted(plan.settings), sorted(describe(plan))]);
}

/** JSON with the members of all objects in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => [name, sorted(member)]);
}

function logOf(log: AdapterLog, handler: string): AdapterLog {
  return {
    info: (fields, message) => {
      log.info({ handler, ...fields }, message);
    },
    warn: (fields, message) => {
      log.warn({ handler, ...fields }, message);
    },
    error: (fields, message) => {
      log.error({ handler, ...fields }, message);
    },
  };
}

/** A problem of a handler's settings, which old kinds have as their whole spec. */
function problemOf(title: string, field: string, message: string): Problem {
  const base = title.startsWith('handler ') ? 'spec.params' : 'spec';
  return { code: 'unavailable', message, object: title, field: field === '' ? base : `${base}.${field}` };
}
