import { notAcknowledged, type ProxyRow } from './acknowledged';

const row = (proxy: string, acked: string, nack: ProxyRow['nack'] = null): ProxyRow => ({
  proxy,
  revision: 'e-10',
  acked,
  nack,
});

describe('proxies that have acknowledged their configuration', () => {
  it('are all when each has acknowledged the newest revision', () => {
    expect(notAcknowledged([row('a', 'e-10'), row('b', 'e-10')], 2)).toBeUndefined();
  });

  it('are not all while one is missing or behind', () => {
    expect(notAcknowledged([row('a', 'e-10')], 2)).toBe('1 of 2 proxies are connected');
    expect(notAcknowledged([row('a', 'e-10'), row('b', 'e-9')], 2)).toBe('b has acknowledged e-9 of e-10');
  });

  it('name what was refused, unless it was acknowledged since', () => {
    const nack = { resource: '0.0.0.0_80', message: 'in use' };
    expect(notAcknowledged([row('a', 'e-9', nack)], 1)).toContain('it refused 0.0.0.0_80: in use');
    expect(notAcknowledged([row('a', 'e-10', nack)], 1)).toBeUndefined();
  });
});
