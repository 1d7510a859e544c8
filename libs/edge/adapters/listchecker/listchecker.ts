import type { Value, ValueType } from '@keelson/core/attributes';
import { textOf } from '@keelson/core/cexl';
import {
  defineAdapter,
  durationSchema,
  milliseconds,
  type Adapter,
  type Handler,
  type HandlerEnvironment,
  type HandlerProblem,
  type Instance,
  type ReportProblem,
  type Verdict,
} from '@keelson/core/policy';
import { compiledLength, entryTypes, type Entries, type EntryType } from './entries';
import { FetchedList } from './fetched-list';
import type { ListMemory } from './list-memory';
import { listProblem, readList } from './list-text';

interface Settings {
  providerUrl: string;
  refreshInterval: string;
  ttl: string;
  cachingInterval: string;
  cachingUseCount: number;
  overrides: string[];
  entryType: EntryType;
  blacklist: boolean;
}

const invalidArgument = 3;
const permissionDenied = 7;

/** Lets pass what is in a list, or what is not in it. A list that was fetched goes on in a handler that is opened anew. */
export function listcheckerAdapter(memory: ListMemory): Adapter {
  return defineAdapter<Settings>({
    name: 'listchecker',
    plural: 'listcheckers',
    description: 'Checks whether a value is in a list',
    templates: ['listentry'],
    schema: {
      type: 'object',
      properties: {
        providerUrl: { type: 'string', default: '' },
        refreshInterval: durationSchema('60s'),
        ttl: durationSchema('300s'),
        cachingInterval: durationSchema('300s'),
        cachingUseCount: { type: 'integer', minimum: 0, maximum: 2147483647, default: 10000 },
        overrides: { type: 'array', items: { type: 'string' }, default: [] },
        entryType: { type: 'string', enum: [...entryTypes], default: 'STRINGS' },
        blacklist: { type: 'boolean', default: false },
      },
      additionalProperties: false,
    },
    validate({ providerUrl, refreshInterval, ttl, cachingInterval, overrides, entryType }, report) {
      if (providerUrl !== '') {
        const url = URL.canParse(providerUrl) ? new URL(providerUrl) : undefined;
        if (!url || !['http:', 'https:'].includes(url.protocol)) report('providerUrl', 'must be an http or https URL');
        if (milliseconds(refreshInterval) < 1000) report('refreshInterval', 'must be at least 1s');
        if (milliseconds(ttl) < milliseconds(refreshInterval))
          report('ttl', 'must not be shorter than refreshInterval');
      }
      if (milliseconds(cachingInterval) < 0) report('cachingInterval', 'must not be negative');
      validateOverrides(entryType, overrides, report);
    },
    open: (settings, environment) => new ListChecker(settings, environment, memory),
  });
}

/** How many characters of patterns, with all that they repeat, are judged one by one: more would take seconds. */
const maxBlamedLength = 200_000;

/** Judges the list as a whole, and looks for the entries to blame only where it is none. */
function validateOverrides(type: EntryType, overrides: readonly string[], report: ReportProblem): void {
  const whole = listProblem(type, overrides);
  if (whole === undefined) return;
  let length = 0;
  const entries = overrides.map((entry) => {
    if (type === 'REGEX') length += compiledLength(entry);
    return length > maxBlamedLength ? undefined : listProblem(type, [entry]);
  });
  for (const [i, problem] of entries.entries()) if (problem !== undefined) report(`overrides[${i}]`, problem);
  if (!entries.includes(whole)) report('overrides', whole);
}

class ListChecker implements Handler {
  readonly #fetched: FetchedList | undefined;
  readonly #release: (() => void) | undefined;
  readonly #fixed: Entries;
  readonly #types: ReadonlyMap<string, ValueType | undefined>;
  readonly #validity: Pick<Verdict, 'validForMs' | 'validUses'>;

  constructor(
    private readonly settings: Settings,
    environment: HandlerEnvironment,
    memory: ListMemory,
  ) {
    const { providerUrl, refreshInterval, ttl, entryType, overrides, cachingInterval, cachingUseCount } = settings;
    this.#fixed = readList(entryType, undefined, overrides);
    this.#types = new Map(
      [...environment.instances.values()].map(({ name, types }) => [name, types['value'] as ValueType | undefined]),
    );
    this.#validity = { validForMs: milliseconds(cachingInterval), validUses: cachingUseCount };
    if (providerUrl === '') return;
    // What decides which list becomes of an answer.
    const key = JSON.stringify([environment.name, providerUrl, entryType, overrides]);
    const kept = memory.acquire(key, () => ({}));
    this.#release = () => {
      memory.release(key);
    };
    this.#fetched = new FetchedList({
      url: new URL(providerUrl),
      refreshMs: milliseconds(refreshInterval),
      ttlMs: milliseconds(ttl),
      read: (text) => readList(entryType, text, overrides),
      log: environment.log,
      now: () => environment.now(),
      kept,
    });
  }

  check(instance: Instance): Verdict | Promise<Verdict> {
    const fetched = this.#fetched;
    if (!fetched) return this.#verdict(instance, this.#fixed);
    if (fetched.ready) return this.#verdict(instance, fetched.current());
    return fetched.first.then(() => this.#verdict(instance, fetched.current()));
  }

  #verdict({ name, values }: Instance, entries: Entries): Verdict {
    const value = values['value'] as Value | undefined;
    const type = this.#types.get(name);
    const finding = entries.look(value, type);
    if ('invalid' in finding) return { code: invalidArgument, message: finding.invalid, ...this.#validity };
    const { blacklist } = this.settings;
    if (finding.found !== blacklist) return { code: 0, message: '', ...this.#validity };
    const text = value === undefined || type === undefined ? '' : textOf(value, type);
    return {
      code: permissionDenied,
      message: blacklist ? `${text} is blacklisted` : `${text} is not whitelisted`,
      ...this.#validity,
    };
  }

  problems(): readonly HandlerProblem[] {
    const failure = this.#fetched?.failure;
    return failure === undefined ? [] : [{ field: 'providerUrl', message: `cannot be fetched: ${failure}` }];
  }

  close(): void {
    this.#fetched?.close();
    this.#release?.();
  }
}
