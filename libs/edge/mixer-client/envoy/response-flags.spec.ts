import { flagText } from './response-flags';

it.each([
  [undefined, '-'],
  [{}, '-'],
  [{ upstreamConnectionFailure: false }, '-'],
  [{ upstreamConnectionFailure: true }, 'UF'],
  [{ upstreamRetryLimitExceeded: true, upstreamConnectionFailure: true }, 'UF,URX'],
  [{ unauthorizedDetails: { reason: 1 } }, 'UAEX'],
])('%j is written %s', (flags, text) => {
  expect(flagText(flags)).toBe(text);
});
