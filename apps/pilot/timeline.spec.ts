import * as fc from 'fast-check';
import { Timeline } from './timeline';

describe('the timeline', () => {
  it('tells which inputs a tick stands for', () => {
    const timeline = new Timeline(() => []);
    timeline.advance({ revision: 'e-1' }, 10);
    timeline.advance({ workloads: 7 }, 20);
    timeline.advance({ revision: 'e-2' }, 30);
    expect([0, 1, 2, 3, 9].map((tick) => timeline.at(tick).revision)).toEqual(['', 'e-1', 'e-1', 'e-2', 'e-2']);
    expect(timeline.at(2)).toMatchObject({ revision: 'e-1', workloads: 7 });
    expect(timeline.now).toEqual({ tick: 3, revision: 'e-2', workloads: 7, time: 30 });
  });

  it('is bounded, whatever tick a proxy stays at', () => {
    const timeline = new Timeline(() => [0, 7, 5_000], 100);
    for (let tick = 1; tick <= 20_000; tick++) timeline.advance({ revision: `e-${tick}` }, tick);
    expect(timeline.size).toBeLessThan(300);
    expect([0, 7, 5_000, 19_950, 20_000].map((tick) => timeline.at(tick).revision)).toEqual([
      '',
      'e-7',
      'e-5000',
      'e-19950',
      'e-20000',
    ]);
  });

  it('knows where proxies are, and never tells that one is further than it is', () => {
    const moves = fc.array(fc.record({ proxy: fc.nat(2), by: fc.nat(30), ticks: fc.nat(20) }), { maxLength: 60 });
    fc.assert(
      fc.property(moves, (steps) => {
        const proxies = [0, 0, 0];
        const timeline = new Timeline(() => proxies, 5);
        for (const { proxy, by, ticks } of steps) {
          for (let i = 0; i < ticks; i++) timeline.advance({}, 0);
          const { tick: now } = timeline.now;
          proxies[proxy] = Math.min(now, (proxies[proxy] ?? 0) + by);
          const told = timeline.at(proxies[proxy]).tick;
          expect(told).toBeLessThanOrEqual(proxies[proxy]);
          if (proxies[proxy] > now - 5) expect(told).toBe(proxies[proxy]);
        }
      }),
    );
  });

  it('tells of a proxy that comes late that it has nothing', () => {
    const timeline = new Timeline(() => [50], 5);
    for (let tick = 1; tick <= 50; tick++) timeline.advance({ revision: `e-${tick}` }, tick);
    expect(timeline.at(0).revision).toBe('');
  });
});
