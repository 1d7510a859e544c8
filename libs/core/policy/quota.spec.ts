import { quota } from '.';
import { bagOf, openHandlers, planOf, TrialHandler } from './testing/trial-policy';

const plan = planOf(`
kind: handler
metadata: {name: meter}
spec: {compiledAdapter: meter}
---
kind: quota
metadata: {name: RequestCount}
spec: {dimensions: {path: request.path | "none"}}
---
kind: quota
metadata: {name: Sized}
spec: {}
---
kind: rule
metadata: {name: three}
spec: {match: 'request.path != "/free"', actions: [{handler: meter, instances: [RequestCount.quota]}]}
---
kind: rule
metadata: {name: big}
spec: {match: 'request.size > 1', actions: [{handler: meter, instances: [Sized.quota]}]}
`);
const warnings: string[] = [];
const warn = (title: string, message: string): void => {
  warnings.push(`${title}: ${message}`);
};
beforeEach(() => warnings.splice(0));

describe('S41 quotas', () => {
  it('the configuration of these tests is good', () => {
    expect(plan.problems).toEqual([]);
  });

  const ask = { amount: 3, bestEffort: false, deduplicationId: 'd' };
  const taken = (name: string, values: Parameters<typeof bagOf>[1], meter: TrialHandler): ReturnType<typeof quota> =>
    quota(plan, openHandlers({ meter }), bagOf(plan, values), name, ask, warn);

  it('are taken by their short name in any letter case', () => {
    const meter = new TrialHandler({ quota: () => ({ amount: 2, validForMs: 5 }) });
    expect(taken('requestcount', { 'request.path': '/a' }, meter)).toEqual({ amount: 2, validForMs: 5 });
    expect(meter.seen).toMatchObject([
      { name: 'RequestCount.quota.istio-system', values: { dimensions: { path: '/a' } } },
    ]);
  });

  it('are granted whole for a minute where nothing limits them', () => {
    const meter = new TrialHandler();
    expect(taken('unknown', { 'request.path': '/a' }, meter)).toEqual({ amount: 3, validForMs: 60_000 });
    expect(taken('requestcount', { 'request.path': '/free' }, meter)).toEqual({ amount: 3, validForMs: 60_000 });
    expect(meter.seen).toEqual([]);
  });

  it('fail where the handler does', async () => {
    const broken = new TrialHandler({ quota: () => Promise.reject(new Error('gone')) });
    await expect(taken('requestcount', { 'request.path': '/a' }, broken)).rejects.toThrow('meter.istio-system: gone');
  });
  it('count a match that fails as false, and say so', () => {
    const meter = new TrialHandler({ quota: () => ({ amount: 1, validForMs: 5 }) });
    expect(taken('sized', { 'request.path': '/a' }, meter)).toEqual({ amount: 3, validForMs: 60_000 });
    expect(warnings).toEqual(["rule istio-system/big: lookup failed: 'request.size'"]);
    expect(taken('sized', { 'request.path': '/a', 'request.size': 2 }, meter)).toEqual({ amount: 1, validForMs: 5 });
    expect(warnings).toHaveLength(1);
  });
});
