import { joinedKey } from './joined-key';

describe('a joined key', () => {
  it('keeps apart texts that differ in where one ends', () => {
    expect(joinedKey(['a\u0001', 'b'])).not.toBe(joinedKey(['a', '\u0001b']));
    const [long, longer] = ['x'.repeat(255), `${'x'.repeat(255)}\u00ff${'x'.repeat(255)}`];
    expect(joinedKey([long, longer])).not.toBe(joinedKey([longer, long]));
    expect(joinedKey(['\u0001a', ''])).not.toBe(joinedKey(['', 'a']));
    expect(joinedKey([`255:${'x'.repeat(251)}`])).not.toBe(joinedKey(['x'.repeat(255)]));
  });
});
