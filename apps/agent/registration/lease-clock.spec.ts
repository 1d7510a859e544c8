import { LeaseClock } from './lease-clock';

describe('when an agent renews', () => {
  test('at a third of the life that Pilot told', () => {
    const clock = new LeaseClock(0, 30_000);
    clock.answered(9_000);
    expect(clock.due(2_999)).toBe('nothing');
    expect(clock.wait(1_000)).toBe(2_000);
    expect(clock.due(3_000)).toBe('renew');
    clock.sent(3_000);
    clock.answered(9_000);
    expect(clock.due(5_999)).toBe('nothing');
    expect(clock.due(6_000)).toBe('renew');
  });

  test('a Pilot that leaves a message unanswered for a third is left, in time for another one', () => {
    const clock = new LeaseClock(0, 30_000);
    clock.answered(9_000);
    clock.sent(3_000);
    expect(clock.due(5_999)).toBe('nothing');
    expect(clock.due(6_000)).toBe('leave');
  });

  test('further messages do not start the wait anew', () => {
    const clock = new LeaseClock(0, 9_000);
    clock.sent(2_000);
    clock.sent(2_900);
    expect(clock.wait(2_900)).toBe(100);
    expect(clock.due(3_000)).toBe('leave');
    clock.answered(0);
    expect(clock.due(3_000)).toBe('nothing');
  });
});
