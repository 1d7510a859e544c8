import { check, DispatchError, type Verdict } from '.';
import { bagOf, openHandlers, planOf, TrialHandler } from './testing/trial-policy';

const plan = planOf(`
kind: handler
metadata: {name: first}
spec: {compiledAdapter: judge}
---
kind: handler
metadata: {name: second}
spec: {compiledAdapter: judge}
---
kind: listentry
metadata: {name: path}
spec: {value: request.path}
---
kind: rule
metadata: {name: one}
spec:
  match: request.headers["one"] == "yes"
  actions: [{handler: first, instances: [path.listentry]}]
  requestHeaderOperations:
    - {name: x-path, values: [request.path, 'request.headers["missing"]', 'request.headers["two"]']}
    - {name: x-gone, operation: 1}
  responseHeaderOperations: [{name: x-seen, values: ['"a"'], operation: 2}]
---
kind: rule
metadata: {name: two}
spec: {match: 'request.headers["two"] == "yes"', actions: [{handler: second, instances: [path.listentry]}]}
`);
const yes: Verdict = { code: 0, message: '', validForMs: 9_000, validUses: 9 };
const no = (message: string): Verdict => ({ code: 7, message, validForMs: 1_000, validUses: 1 });
const both = { 'request.path': '/a', 'request.headers': { one: 'yes', two: 'yes' } };

const warnings: string[] = [];
const warn = (title: string, message: string): void => {
  warnings.push(`${title}: ${message}`);
};
beforeEach(() => warnings.splice(0));

function checked(values: Parameters<typeof bagOf>[1], answers: Record<string, TrialHandler>): ReturnType<typeof check> {
  return check(plan, openHandlers(answers), bagOf(plan, values), warn);
}

describe('S40 checks', () => {
  it('the configuration of these tests is good', () => {
    expect(plan.problems).toEqual([]);
  });

  it('are passed where no rule matches, for a minute and 10,000 uses', () => {
    expect(checked({ 'request.headers': {} }, {})).toEqual({
      code: 0,
      message: '',
      validForMs: 60_000,
      validUses: 10_000,
      headers: [],
    });
  });

  it('give handlers their instances, and hold as long as the shortest answer', () => {
    const first = new TrialHandler({ check: () => yes });
    const second = new TrialHandler({ check: () => ({ ...yes, validForMs: 20_000, validUses: 2 }) });
    expect(checked(both, { first, second })).toMatchObject({ code: 0, validForMs: 9_000, validUses: 2 });
    expect(first.seen).toEqual([
      { name: 'path.listentry.istio-system', template: 'listentry', values: { value: '/a' } },
    ]);
  });

  it('are refused with the first code and all messages', () => {
    const first = new TrialHandler({ check: () => ({ ...no('not you'), code: 16 }) });
    const second = new TrialHandler({ check: () => no('not here') });
    expect(checked(both, { first, second })).toEqual({
      code: 16,
      message: 'first.istio-system:not you, second.istio-system:not here',
      validForMs: 1_000,
      validUses: 1,
      headers: [],
    });
  });

  it('pass on what the client is to be answered', () => {
    const response = { status: 302, body: 'elsewhere', headers: { location: '/' } };
    const first = new TrialHandler({ check: () => ({ ...no('go'), response }) });
    expect(checked({ ...both, 'request.headers': { one: 'yes' } }, { first })).toMatchObject({ response });
  });

  it('change headers where they are passed; empty values are left out', () => {
    const outcome = checked(both, { first: new TrialHandler(), second: new TrialHandler() });
    expect((outcome as { headers: unknown }).headers).toEqual([
      { direction: 'request', operation: 'REPLACE', name: 'x-path', value: '/a' },
      { direction: 'request', operation: 'REPLACE', name: 'x-path', value: 'yes' },
      { direction: 'request', operation: 'REMOVE', name: 'x-gone', value: '' },
      { direction: 'response', operation: 'APPEND', name: 'x-seen', value: 'a' },
    ]);
  });

  it('wait for handlers that take their time', async () => {
    const first = new TrialHandler({ check: () => Promise.resolve(no('late')) });
    await expect(checked(both, { first, second: new TrialHandler() })).resolves.toMatchObject({
      code: 7,
      message: 'first.istio-system:late',
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('fail where a handler %s: that is no denial', async (_, broken) => {
    const failed = async (): Promise<unknown> =>
      checked(both, { first: new TrialHandler({ check: broken }), second: new TrialHandler() });
    await expect(failed()).rejects.toEqual(new DispatchError(['first.istio-system: disk full']));
  });

  it('fail where an instance cannot be made, or a handler is not at work', () => {
    const { 'request.headers': headers } = both;
    expect(() =>
      checked({ 'request.headers': headers }, { first: new TrialHandler(), second: new TrialHandler() }),
    ).toThrow("path.listentry.istio-system: value: lookup failed: 'request.path'");
    expect(() => checked(both, { first: new TrialHandler() })).toThrow('second.istio-system: is not at work');
  });

  it('need no evaluation of rules that are filed under a header that is not there', () => {
    expect(checked({ 'request.path': '/a' }, {})).toMatchObject({ code: 0 });
    expect(warnings).toEqual([]);
  });

  it('count a match that fails as false, and say so', () => {
    const sized = planOf(`
kind: handler
metadata: {name: first}
spec: {compiledAdapter: judge}
---
kind: checknothing
metadata: {name: nothing}
---
kind: rule
metadata: {name: big}
spec: {match: request.size > 1, actions: [{handler: first, instances: [nothing.checknothing]}]}
`);
    const first = new TrialHandler({ check: () => no('too big') });
    const of = (values: Parameters<typeof bagOf>[1]): unknown =>
      check(sized, openHandlers({ first }), bagOf(sized, values), warn);
    expect(of({})).toMatchObject({ code: 0 });
    expect(warnings).toEqual(["rule istio-system/big: lookup failed: 'request.size'"]);
    expect(of({ 'request.size': 2 })).toMatchObject({ code: 7 });
    expect(warnings).toHaveLength(1);
  });
});
