import { newJoinToken, secretHash } from './join-token';
import { secretFits, spendToken, tokenIsUsable, type TokenRecord } from './token-record';

const { id, secret } = newJoinToken('00'.repeat(32));
const record: TokenRecord = {
  id,
  secretHash: secretHash(secret),
  namespace: 'default',
  serviceAccount: 'reviews',
  uses: 2,
  created: 0,
  expires: 1000,
  keys: [],
};

describe('S30 uses of a join token', () => {
  it('counts keys, not calls', () => {
    const once = spendToken(record, 'key-a', 1);
    expect(spendToken(once, 'key-a', 2)).toBe(once);
    const twice = spendToken(once, 'key-b', 3);
    expect(tokenIsUsable(twice, 3)).toBe(false);
    expect(() => spendToken(twice, 'key-c', 4)).toThrow(`the join token ${id} is used up (2 of 2)`);
    expect(spendToken(twice, 'key-a', 5)).toBe(twice);
    expect(record.keys).toEqual([]);
  });

  it('ends at its time, for known keys too', () => {
    const once = spendToken(record, 'key-a', 999);
    expect(tokenIsUsable(once, 1000)).toBe(false);
    expect(() => spendToken(once, 'key-a', 1000)).toThrow('has expired');
  });

  it('knows its secret', () => {
    expect(secretFits(record, secret)).toBe(true);
    expect(secretFits(record, newJoinToken('00'.repeat(32)).secret)).toBe(false);
  });
});
