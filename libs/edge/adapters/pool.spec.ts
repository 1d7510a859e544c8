import { MapBag, valueTypes } from '@keelson/core/attributes';
import {
  check,
  compilePolicy,
  defineAdapter,
  quota,
  type AdapterTable,
  type Handler,
  type HandlerEnvironment,
  type OpenHandlers,
  type PolicyObject,
  type PolicyPlan,
} from '@keelson/core/policy';
import { load } from 'js-yaml';
import { memquotaAdapter } from './memquota/memquota';
import { QuotaMemory } from './memquota/quota-memory';
import { HandlerPool } from './pool';
import { TrialExport } from './prometheus/testing/trial-export';
import { TestClock, TestLog } from './testing/open-adapter';

/** A handler that a test can look at. */
interface Trial extends Handler {
  readonly text: string;
  readonly environment: HandlerEnvironment;
  closed: boolean;
  trouble: string | undefined;
}

const opened: Trial[] = [];
let refuses: string | undefined;
let closing: () => void | Promise<void> = () => undefined;

const judge = defineAdapter<{ text: string }>({
  name: 'judge',
  plural: 'judges',
  description: '',
  templates: ['listentry'],
  schema: { type: 'object', properties: { text: { type: 'string', default: '' } }, additionalProperties: false },
  open: ({ text }, environment) => {
    if (refuses === text) throw new Error('it will not');
    const trial: Trial = {
      text,
      environment,
      closed: false,
      trouble: text === 'odd' ? 'is odd' : undefined,
      check: () => ({ code: 0, message: text, validForMs: 1, validUses: 1 }),
      problems: () => (trial.trouble === undefined ? [] : [{ field: 'text', message: trial.trouble }]),
      close: () => {
        trial.closed = true;
        return closing();
      },
    };
    opened.push(trial);
    return trial;
  },
});

const memquota = memquotaAdapter(new QuotaMemory());
const metrics = new TrialExport();
const adapters: AdapterTable = new Map([judge, memquota, metrics.adapter].map((adapter) => [adapter.name, adapter]));

const manifest: PolicyObject = {
  kind: 'attributemanifest',
  namespace: 'istio-system',
  name: 'all',
  spec: { attributes: { user: { valueType: valueTypes.STRING }, size: { valueType: valueTypes.INT64 } } },
};

interface Document {
  kind: string;
  name: string;
  spec: unknown;
}

function planOf(yaml: string): PolicyPlan {
  const documents = load(yaml) as Document[];
  const objects = documents.map((document) => ({ namespace: 'istio-system', ...document }));
  const plan = compilePolicy([manifest, ...objects], adapters, 'istio-system');
  expect(plan.problems).toEqual([]);
  return plan;
}

const one = (text: string, value = 'user'): string => `
- { kind: handler, name: one, spec: { compiledAdapter: judge, params: { text: ${text} } } }
- { kind: instance, name: who, spec: { compiledTemplate: listentry, params: { value: ${value} } } }
- { kind: rule, name: one, spec: { actions: [{ handler: one, instances: [who] }] } }
`;
const two = `
- { kind: judge, name: two, spec: { text: second } }
- { kind: rule, name: two, spec: { actions: [{ handler: two.judge, instances: [who] }] } }
`;
const meter = `
- kind: handler
  name: meter
  spec: { compiledAdapter: memquota, params: { quotas: [{ name: count.instance.istio-system, maxAmount: 3 }] } }
- { kind: instance, name: count, spec: { compiledTemplate: quota, params: { dimensions: { user: user } } } }
- { kind: rule, name: meter, spec: { actions: [{ handler: meter, instances: [count] }] } }
`;
const graph = (kind: string): string => `
- kind: handler
  name: graph
  spec: { compiledAdapter: prometheus, params: { metrics: [{ name: m, instanceName: hit.instance.istio-system, kind: ${kind} }] } }
- { kind: instance, name: hit, spec: { compiledTemplate: metric, params: { value: size } } }
- { kind: rule, name: graph, spec: { actions: [{ handler: graph, instances: [hit] }] } }
`;

describe('the pool of handlers', () => {
  let log: TestLog;
  let pool: HandlerPool;

  beforeEach(() => {
    jest.useFakeTimers();
    opened.length = 0;
    refuses = undefined;
    closing = () => undefined;
    log = new TestLog();
    pool = new HandlerPool(adapters, { log, now: new TestClock().now });
  });

  afterEach(async () => {
    await pool.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('opens what rules use, with its settings and with what rules send to it', () => {
    const handlers = pool.open(planOf(one('first') + two));
    expect([...handlers.keys()].sort()).toEqual(['one.istio-system', 'two.judge.istio-system']);
    const [first] = opened;
    expect(first?.text).toBe('first');
    expect(first?.environment.name).toBe('one.istio-system');
    expect([...(first?.environment.instances.values() ?? [])]).toEqual([
      { name: 'who.instance.istio-system', template: 'listentry', types: { value: 'STRING' } },
    ]);
    first?.environment.log.info({ a: 1 }, 'hello');
    expect(log.lines).toEqual([{ level: 'info', fields: { handler: 'one.istio-system', a: 1 }, message: 'hello' }]);
  });

  it('S41: leaves a handler alone that a change does not concern, with all that it counted', async () => {
    const grant = async (plan: PolicyPlan, handlers: OpenHandlers): Promise<unknown> => {
      const bag = new MapBag(plan.vocabulary, { user: 'a' });
      const ask = { amount: 1, bestEffort: false, deduplicationId: '' };
      return (await quota(plan, handlers, bag, 'count', ask, () => undefined)).amount;
    };
    let plan = planOf(meter + one('a'));
    let handlers = pool.open(plan);
    expect([await grant(plan, handlers), await grant(plan, handlers)]).toEqual([1, 1]);
    plan = planOf(
      one('b') + meter.replace('name: meter, spec: { actions', 'name: other, spec: { match: "true", actions'),
    );
    handlers = pool.open(plan);
    expect([await grant(plan, handlers), await grant(plan, handlers)]).toEqual([1, 0]);
  });

  describe('S41: a handler that is opened anew because rules send it another instance', () => {
    const joined =
      meter.replace('quotas: [{', 'quotas: [{ name: more.instance.istio-system, maxAmount: 1 }, {') +
      `
- { kind: instance, name: more, spec: { compiledTemplate: quota, params: { dimensions: { user: user } } } }
- { kind: rule, name: more, spec: { actions: [{ handler: meter, instances: [more] }] } }
`;
    // The settings are the same before and after.
    const alone = joined.replace('{ handler: meter, instances: [more] }', '{ handler: two.judge, instances: [who] }');
    const around = one('a') + two.replace('name: two, spec: { actions', 'name: too, spec: { actions');

    async function grant(yaml: string, amount: number, deduplicationId = ''): Promise<unknown> {
      const plan = planOf(yaml + around);
      const ask = { amount, bestEffort: true, deduplicationId };
      const bag = new MapBag(plan.vocabulary, { user: 'a' });
      return (await quota(plan, pool.open(plan), bag, 'count', ask, () => undefined)).amount;
    }

    it('grants no more of a quota than there is, while both are open and after', async () => {
      expect(await grant(alone, 2)).toBe(2);
      expect(await grant(joined, 3)).toBe(1);
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await grant(joined, 3)).toBe(0);
      expect(await grant(alone, 3)).toBe(0);
    });

    it('gives an id the answer that it got before', async () => {
      expect(await grant(alone, 2, 'x')).toBe(2);
      expect(await grant(joined, 3)).toBe(1);
      expect(await grant(joined, 2, 'x')).toBe(2);
    });

    it('counts from nothing when no rule sent the instance anywhere for longer than calls take', async () => {
      expect(await grant(alone, 3)).toBe(3);
      pool.open(planOf(around));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await grant(alone, 3)).toBe(3);
    });
  });

  it.each([
    ['settings', one('other')],
    ['types', one('first', 'size')],
    ['instances', one('first').replaceAll('who', 'whom')],
  ])('opens a handler anew when its %s change, and closes the old one when calls are over', (_, changed) => {
    pool.open(planOf(one('first')));
    const before = opened[0];
    const handlers = pool.open(planOf(changed));
    expect(handlers.get('one.istio-system')).toBe(opened[1]);
    jest.advanceTimersByTime(4_999);
    expect(before?.closed).toBe(false);
    jest.advanceTimersByTime(1);
    return Promise.resolve().then(() => {
      expect(before?.closed).toBe(true);
      expect(opened[1]?.closed).toBe(false);
    });
  });

  it('closes a handler that no rule uses any more, and takes it back if one does in time', async () => {
    pool.open(planOf(one('first') + two));
    expect(pool.open(planOf(one('first'))).size).toBe(1);
    jest.advanceTimersByTime(3_000);
    expect(pool.open(planOf(one('first') + two)).get('two.judge.istio-system')).toBe(opened[1]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(opened.map(({ closed }) => closed)).toEqual([false, false]);
    pool.open(planOf(one('first')));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(opened.map(({ closed }) => closed)).toEqual([false, true]);
  });

  it('S45: exports a metric again, with its values, after a change of its definition that was taken back', async () => {
    const hit = { name: 'hit.instance.istio-system', template: 'metric', values: { value: 3 } };
    void pool
      .open(planOf(graph('COUNTER')))
      .get('graph.istio-system')
      ?.report?.([hit]);
    pool.open(planOf(graph('GAUGE')));
    void pool
      .open(planOf(graph('COUNTER')))
      .get('graph.istio-system')
      ?.report?.([hit]);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(metrics.samples().map(({ value }) => value)).toEqual([6]);
    expect(pool.problems).toEqual([]);
  });

  it('tells of a handler that cannot be opened, fails its checks, and lets the others work', async () => {
    refuses = 'second';
    const plan = planOf(one('first') + two.replace('spec: { actions', 'spec: { match: user == "b", actions'));
    const handlers = pool.open(plan);
    expect(pool.problems).toEqual([
      {
        code: 'unavailable',
        message: 'cannot be opened: it will not',
        object: 'judge istio-system/two',
        field: 'spec',
      },
    ]);
    const ask = (user: string): unknown =>
      check(plan, handlers, new MapBag(plan.vocabulary, { user }), () => undefined);
    expect(ask('a')).toMatchObject({ code: 0 });
    expect(() => ask('b')).toThrow('two.judge.istio-system: is not at work');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    refuses = undefined;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(ask('b')).toMatchObject({ code: 0 });
    expect(pool.problems).toEqual([]);
  });

  it('tries a handler that cannot be opened again with the next plan', () => {
    refuses = 'first';
    expect(pool.open(planOf(one('first'))).size).toBe(0);
    refuses = undefined;
    expect(pool.open(planOf(one('first') + two)).size).toBe(2);
    expect(pool.problems).toEqual([]);
  });

  it('logs a failure once, however many plans come, and that the handler is open at last', () => {
    refuses = 'first';
    for (const plan of [one('first'), one('first') + two, one('first')]) pool.open(planOf(plan));
    expect(log.lines).toEqual([
      {
        level: 'error',
        fields: { handler: 'one.istio-system', failure: 'it will not' },
        message: 'the handler cannot be opened',
      },
    ]);
    refuses = undefined;
    pool.open(planOf(one('first')));
    expect(log.lines.slice(1)).toEqual([
      { level: 'info', fields: { handler: 'one.istio-system' }, message: 'the handler is open now' },
    ]);
  });

  it('does not bring back a handler that a later plan has no more', async () => {
    refuses = 'first';
    pool.open(planOf(one('first')));
    const handlers = pool.open(planOf(one('x') + two));
    refuses = undefined;
    await jest.advanceTimersByTimeAsync(20_000);
    expect(opened.map(({ text }) => text)).toEqual(['x', 'second']);
    expect(handlers.size).toBe(2);
  });

  it('says no more of a handler that cannot be opened when no rule uses it any more', async () => {
    refuses = 'second';
    pool.open(planOf(one('first') + two));
    expect(pool.problems).toHaveLength(1);
    pool.open(planOf(one('first')));
    expect(pool.problems).toEqual([]);
    refuses = undefined;
    await jest.advanceTimersByTimeAsync(20_000);
    expect(opened.map(({ text }) => text)).toEqual(['first']);
  });

  it('tells what open handlers say of themselves, as long as they do', () => {
    pool.open(planOf(one('odd')));
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { handler: 'one.istio-system', field: 'text', problem: 'is odd' },
        message: 'a part of the handler does not work',
      },
    ]);
    pool.open(planOf(one('first')));
    const first = opened[1];
    if (first) first.trouble = 'is odd';
    expect(pool.problems).toEqual([
      { code: 'unavailable', message: 'is odd', object: 'handler istio-system/one', field: 'spec.params.text' },
    ]);
    pool.open(planOf(one('next')));
    expect(pool.problems).toEqual([]);
  });

  it('closes all when it is closed, also what waits to be closed, and waits for them', async () => {
    pool.open(planOf(one('first')));
    const handlers = pool.open(planOf(one('next')));
    let done: () => void = () => undefined;
    closing = () => new Promise((resolve) => (done = resolve));
    const closed = jest.fn();
    const waiting = pool.close().then(closed);
    await jest.advanceTimersByTimeAsync(0);
    expect(opened.map((each) => each.closed)).toEqual([true, true]);
    expect(closed).not.toHaveBeenCalled();
    expect(handlers.size).toBe(0);
    done();
    await jest.advanceTimersByTimeAsync(5_000);
    await waiting;
    expect(log.lines).toEqual([
      {
        level: 'error',
        fields: { handler: 'one.istio-system', failure: 'it took more than 5 s' },
        message: 'the handler could not be closed',
      },
    ]);
    expect(pool.open(planOf(one('late'))).size).toBe(0);
  });

  it('outlives a handler that fails to close', async () => {
    pool.open(planOf(one('first')));
    closing = () => {
      throw new Error('no');
    };
    await pool.close();
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ handler: 'one.istio-system', failure: 'no' }]);
  });
});
