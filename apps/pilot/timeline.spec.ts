import { Timeline } from './timeline';

describe('the timeline', () => {
  const timeline = new Timeline();
  timeline.advance({ revision: 'e-1' }, 10);
  timeline.advance({ workloads: 7 }, 20);
  timeline.advance({ revision: 'e-2' }, 30);

  it('tells which inputs a tick stands for', () => {
    expect([0, 1, 2, 3, 9].map((tick) => timeline.at(tick).revision)).toEqual(['', 'e-1', 'e-1', 'e-2', 'e-2']);
    expect(timeline.at(2)).toMatchObject({ revision: 'e-1', workloads: 7 });
    expect(timeline.now).toEqual({ tick: 3, revision: 'e-2', workloads: 7, time: 30 });
  });

  it('forgets only what every proxy has passed', () => {
    timeline.forgetBefore(3);
    expect(timeline.at(3).revision).toBe('e-2');
    expect(timeline.at(2).revision).toBe('e-1');
  });
});
