import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { checkSpiffeId, formatSpiffeId, parseSpiffeId } from './spiffe-id';

describe('SPIFFE ids', () => {
  it('reads what it writes', () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(name, name, name, (trustDomain, namespace, serviceAccount) => {
        const id = { trustDomain, namespace, serviceAccount };
        expect(parseSpiffeId(formatSpiffeId(id))).toEqual(id);
      }),
    );
  });

  it.each([
    'spiffe://td/ns/a/sa/b/',
    'spiffe://td/ns/a/sa/b/c',
    'spiffe://td/ns//sa/b',
    'spiffe://td/ns/a/sa/..',
    'spiffe://TD/ns/a/sa/b',
    'spiffe://td/ns/A/sa/b',
    'spiffe://td/ns/a%2fb/sa/b',
    'spiffe://td/sa/b/ns/a',
    'https://td/ns/a/sa/b',
    ' spiffe://td/ns/a/sa/b',
    'spiffe://td/ns/a/sa/b\n',
    `spiffe://td/ns/${'a'.repeat(64)}/sa/b`,
  ])('does not take %j', (text) => {
    expect(parseSpiffeId(text)).toBeUndefined();
  });

  it('never takes a text that it would write otherwise', () => {
    fc.assert(
      fc.property(anyText(), (tail) => {
        const text = `spiffe://td/ns/${tail}`;
        const id = parseSpiffeId(text);
        if (id !== undefined) expect(formatSpiffeId(id)).toBe(text);
      }),
    );
  });

  it('names the part that is wrong', () => {
    const id = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'no/slash' };
    expect(() => checkSpiffeId(id)).toThrow('serviceAccount: "no/slash" is not the name of a service account');
    expect(checkSpiffeId({ ...id, serviceAccount: 'my.account' }).serviceAccount).toBe('my.account');
  });
});
