import { Health } from '@keelson/api/keelson/workload/v1/workload';
import { leaseContentOf, registrantOf } from './registration';

const registrant = { namespace: 'default', serviceAccount: 'reviews' };
const workload = { uid: 'vm-1/reviews', name: 'reviews-v1', address: '127.1.0.3' };

describe('S30 who registers is who the certificate says', () => {
  test('namespace and account come from the SPIFFE id of the own trust domain', () => {
    expect(registrantOf('spiffe://cluster.local/ns/default/sa/reviews', 'cluster.local')).toEqual(registrant);
    expect(registrantOf('spiffe://other/ns/default/sa/reviews', 'cluster.local')).toBeUndefined();
    expect(registrantOf('spiffe://cluster.local/ns/default/sa/reviews/x', 'cluster.local')).toBeUndefined();
    expect(registrantOf('spiffe://cluster.local/ns//sa/reviews', 'cluster.local')).toBeUndefined();
  });

  test('a workload gets defaults and the registrant', () => {
    expect(leaseContentOf(workload, registrant)).toMatchObject({
      namespace: 'default',
      serviceAccount: 'reviews',
      weight: 1,
      health: 'healthy',
    });
    expect(leaseContentOf({ ...workload, health: Health.DRAINING }, registrant).health).toBe('draining');
    expect(leaseContentOf({ ...workload, health: Health.UNHEALTHY }, registrant).health).toBe('unhealthy');
  });

  test.each([
    [{ ...workload, uid: '' }, 'workload.uid: is missing'],
    [{ ...workload, address: 'reviews.example' }, 'workload.address: "reviews.example" is not an IP address'],
    [{ ...workload, ports: { http: 70_000 } }, 'workload.ports[http]: 70000 is not a port from 1 to 65535'],
    [{ ...workload, name: 'x'.repeat(600) }, 'workload.name: is longer than 512 characters'],
    [
      { ...workload, labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, ''])) },
      'workload.labels: has more than 64 entries',
    ],
  ])('refuses a bad field by name (%#)', (bad, message) => {
    expect(() => leaseContentOf(bad, registrant)).toThrow(message);
  });
});
