import { clockSkewMs, grantedValidity, renewalTime } from './lifetime';

const hour = 3_600_000;
const rules = { defaultMs: 24 * hour, maxMs: 90 * 24 * hour, issuerNotAfter: 1000 * 24 * hour };

describe('S30 lifetimes', () => {
  it('gives what was asked for, else the default', () => {
    expect(grantedValidity(hour, 0, rules)).toEqual({ notBefore: hour - clockSkewMs, notAfter: 25 * hour });
    expect(grantedValidity(hour, -5, rules).notAfter).toBe(25 * hour);
    expect(grantedValidity(hour, 5000, rules).notAfter).toBe(hour + 5000);
  });

  it('refuses more than the maximum and never outlives the issuer', () => {
    expect(() => grantedValidity(0, 91 * 24 * hour, rules)).toThrow('longer than the 7776000 s');
    expect(grantedValidity(0, 2 * hour, { ...rules, issuerNotAfter: hour }).notAfter).toBe(hour);
  });

  it.each([5_000, 30_000, 24 * hour])('renews a certificate of %d ms before half its life', (lifetime) => {
    const validity = { notBefore: -clockSkewMs, notAfter: lifetime };
    expect(renewalTime(validity, 0)).toBeCloseTo(0.4 * lifetime);
    expect(renewalTime(validity, 1)).toBeCloseTo(0.5 * lifetime);
  });
});
