import { problemError } from '@keelson/core/problems';
import { type Validity } from './certificate';

/**
 * Certificates begin a little before they are made: the clock of the machine that checks one may be behind the clock of
 * the one that signed it.
 */
export const clockSkewMs = 10_000;

/** The validity of a new certificate: what was asked for, or the default; refused past the maximum. */
export function grantedValidity(
  now: number,
  askedMs: number,
  rules: { defaultMs: number; maxMs: number; issuerNotAfter: number },
): Validity {
  const lifetime = askedMs > 0 ? askedMs : rules.defaultMs;
  if (lifetime > rules.maxMs)
    throw problemError(
      'invalid-value',
      `a lifetime of ${lifetime / 1000} s is longer than the ${rules.maxMs / 1000} s that are granted`,
    );
  // Nothing outlives what signed it: it would be refused then anyway, at a time that nobody planned.
  return { notBefore: now - clockSkewMs, notAfter: Math.min(now + lifetime, rules.issuerNotAfter) };
}

/**
 * When a certificate is renewed: between 40 and 50 % of its life, spread by `jitter` (0 to 1), so that a fleet that
 * started at once does not come at once. The backdating is no part of the life.
 */
export function renewalTime({ notBefore, notAfter }: Validity, jitter: number): number {
  const begin = Math.min(notBefore + clockSkewMs, notAfter);
  return begin + (notAfter - begin) * (0.4 + 0.1 * jitter);
}
