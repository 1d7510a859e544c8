import type { Scope } from './part';
import { partNames, parts } from './parts';

const usual: Scope = {
  quick: false,
  loadSeconds: 2,
  meshes: [
    { services: 100, proxies: 20 },
    { services: 500, proxies: 100 },
  ],
};

describe('how long a part may take', () => {
  it('is time for the loads of Mixer, however long they are to be', () => {
    // Eighteen loads, of six kinds by three numbers of callers.
    for (const loadSeconds of [0.2, 2, 5, 60])
      expect(parts.mixer.limitMs({ ...usual, loadSeconds })).toBeGreaterThan(18_000 * loadSeconds + 60_000);
  });

  it('is time for every mesh of Pilot, more for a larger one', () => {
    const limit = (...meshes: Scope['meshes']): number => parts.pilot.limitMs({ ...usual, meshes });
    const [small, large] = [
      { services: 100, proxies: 20 },
      { services: 2000, proxies: 400 },
    ];
    expect(limit(small, large)).toBe(limit(small) + limit(large));
    expect(limit(large)).toBeGreaterThan(limit(small) + 60_000);
  });

  it('is a minute at the least', () => {
    for (const name of partNames) expect(parts[name].limitMs(usual)).toBeGreaterThanOrEqual(60_000);
  });
});
