import { LabelReader, LabelSpace } from './label-sets';
import { makeMetric } from './metric';

describe('label sets', () => {
  const space = new LabelSpace(['b', 'a']);
  const dimensions = [{ name: 'y', type: 'STRING' } as const, { name: 'x', type: 'INT64' } as const];
  const definition = { help: '', labelNames: ['b', 'a'], bounds: [] };

  it('are shared by all metrics with the same labels, and forgotten with the last series', () => {
    const one = makeMetric({ ...definition, name: 'one', kind: 'COUNTER' }, space);
    const two = makeMetric({ ...definition, name: 'two', kind: 'GAUGE' }, space);
    const reader = new LabelReader(space, dimensions);
    const set = reader.find({ y: 'v', x: 1 });
    one.observe(set, 1, 0);
    expect(reader.find({ x: 1, y: 'v' })).toBe(set);
    expect(new LabelReader(space, dimensions).find({ y: 'v', x: 1 })).toBe(set);
    expect(set.pairs).toBe('a="1",b="v"');
    two.observe(set, 1, 5);
    one.observe(reader.find({ y: 'v', x: 2 }), 1, 5);
    expect(space.sets.size).toBe(2);
    one.clear();
    expect(space.sets.size).toBe(1);
    expect(space.sets.values().next().value).toBe(set);
    two.expire(6);
    expect(space.sets.size).toBe(0);
  });
});
