import { DispatchError, ReportDispatch, type PolicyPlan } from '.';
import { bagOf, openHandlers, planOf, TrialHandler } from './testing/trial-policy';

const plan = planOf(`
kind: handler
metadata: {name: writer}
spec: {compiledAdapter: writer}
---
kind: metric
metadata: {name: size}
spec: {value: request.size, dimensions: {path: request.path | "none"}}
---
kind: rule
metadata: {name: four}
spec: {actions: [{handler: writer, instances: [size.metric]}]}
`);
const warnings: string[] = [];
const warn = (title: string, message: string): void => {
  warnings.push(`${title}: ${message}`);
};
beforeEach(() => warnings.splice(0));

describe('S42 reports', () => {
  it('the configuration of these tests is good', () => {
    expect(plan.problems).toEqual([]);
  });

  const dispatch = (writer: TrialHandler | undefined): ReportDispatch =>
    new ReportDispatch(plan, openHandlers(writer ? { writer } : {}), warn);
  const add = (target: ReportDispatch, of: PolicyPlan, values: Parameters<typeof bagOf>[1]): void => {
    target.add(bagOf(of, values));
  };

  it('hand a handler all instances of a call at once', async () => {
    const writer = new TrialHandler();
    const reports = dispatch(writer);
    add(reports, plan, { 'request.size': 1, 'request.path': '/a' });
    add(reports, plan, { 'request.size': 2 });
    expect(writer.reports).toEqual([]);
    await reports.send();
    expect(writer.reports).toMatchObject([
      [
        { name: 'size.metric.istio-system', values: { value: 1, dimensions: { path: '/a' } } },
        { name: 'size.metric.istio-system', values: { value: 2, dimensions: { path: 'none' } } },
      ],
    ]);
  });

  it('tell what failed once the rest is done', async () => {
    const writer = new TrialHandler();
    const reports = dispatch(writer);
    add(reports, plan, {});
    add(reports, plan, { 'request.size': 2 });
    await expect(reports.send()).rejects.toThrow("size.metric.istio-system: value: lookup failed: 'request.size'");
    expect(writer.reports).toHaveLength(1);
    const broken = dispatch(new TrialHandler({ report: () => Promise.reject(new Error('disk full')) }));
    add(broken, plan, { 'request.size': 2 });
    await expect(broken.send()).rejects.toThrow('writer.istio-system: disk full');
    const closed = dispatch(undefined);
    add(closed, plan, { 'request.size': 2 });
    await expect(closed.send()).rejects.toThrow('writer.istio-system: is not at work');
  });

  it('of nothing are done at once', async () => {
    await dispatch(undefined).send();
  });
  it('count a match that fails as false, and say so', async () => {
    const sized = planOf(`
kind: handler
metadata: {name: writer}
spec: {compiledAdapter: writer}
---
kind: metric
metadata: {name: one}
spec: {value: '1'}
---
kind: rule
metadata: {name: big}
spec: {match: request.size > 1, actions: [{handler: writer, instances: [one.metric]}]}
`);
    const writer = new TrialHandler();
    const reports = new ReportDispatch(sized, openHandlers({ writer }), warn);
    add(reports, sized, {});
    add(reports, sized, { 'request.size': 2 });
    await reports.send();
    expect(warnings).toEqual(["rule istio-system/big: lookup failed: 'request.size'"]);
    expect(writer.reports).toMatchObject([[{ name: 'one.metric.istio-system', values: { value: 1 } }]]);
  });

  describe('tell of failures as much as an answer can carry', () => {
    const failureOf = async (reports: ReportDispatch): Promise<DispatchError> => {
      const error: unknown = await reports.send().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DispatchError);
      return error as DispatchError;
    };

    it('what fails with each record once, and how often else', async () => {
      const reports = dispatch(new TrialHandler());
      for (let i = 0; i < 5_000; i++) add(reports, plan, {});
      expect((await failureOf(reports)).message).toBe(
        "size.metric.istio-system: value: lookup failed: 'request.size'; … and 4999 more",
      );
    });

    it('the first 16 of those that differ', async () => {
      const reports = dispatch(new TrialHandler());
      for (let i = 0; i < 1_000; i++) reports.fail(`record ${i} is foreign`);
      const { failures } = await failureOf(reports);
      expect(failures).toHaveLength(17);
      expect([failures[0], failures[15], failures[16]]).toEqual([
        'record 0 is foreign',
        'record 15 is foreign',
        '… and 984 more',
      ]);
    });

    it('none at a length that a trailer does not hold, nor cut within a character', async () => {
      for (const text of ['x'.repeat(1 << 20), `${'x'.repeat(498)}${'😀'.repeat(100)}`, '😀'.repeat(1_000)]) {
        const reports = dispatch(new TrialHandler());
        reports.fail(text);
        const { message } = await failureOf(reports);
        expect(message.length).toBeLessThanOrEqual(500);
        expect(message.endsWith('…')).toBe(true);
        expect(() => encodeURI(message)).not.toThrow();
      }
    });
  });
});
