import { Attributes as PlainAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import type { AgentWorkload } from '../workload';
import { ownAttributes, peerText } from './own-attributes';

const workload = {
  name: 'reviews-v1',
  namespace: 'books',
  serviceAccount: 'reviews',
  labels: { app: 'reviews', version: 'v1' },
  address: '10.0.0.7',
} as unknown as AgentWorkload;

const values = (own: ReturnType<typeof ownAttributes>): Record<string, unknown> =>
  Object.fromEntries(
    [...own].map(([name, { value }]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );

describe('S42 what an agent tells of its workload', () => {
  test('is all that it knows, as the one that is called', () => {
    expect(values(ownAttributes(workload, 'cluster.local', 'destination'))).toEqual({
      'destination.uid': 'kubernetes://reviews-v1.books',
      'destination.name': 'reviews-v1',
      'destination.namespace': 'books',
      'destination.principal': 'cluster.local/ns/books/sa/reviews',
      'destination.serviceAccount': 'reviews',
      'destination.workload.uid': 'istio://books/workloads/reviews-v1',
      'destination.workload.name': 'reviews-v1',
      'destination.workload.namespace': 'books',
      'destination.labels': { app: 'reviews', version: 'v1' },
      'destination.ip': Uint8Array.of(10, 0, 0, 7),
    });
  });

  test('has an address of either version', () => {
    const own = values(ownAttributes({ ...workload, address: '2001:db8::7' }, 'cluster.local', 'source'));
    expect(Buffer.from(own['source.ip'] as Uint8Array).toString('hex')).toBe('20010db8000000000000000000000007');
  });

  test('to the next proxy, is nothing that a certificate shows', () => {
    const { attributes } = PlainAttributes.decode(
      Buffer.from(peerText(ownAttributes(workload, 'cluster.local', 'source')), 'base64'),
    );
    expect(attributes?.['source.labels']?.value).toEqual({
      $case: 'stringMapValue',
      value: { entries: { app: 'reviews', version: 'v1' } },
    });
    expect(Object.keys(attributes ?? {}).sort()).toEqual([
      'source.labels',
      'source.name',
      'source.namespace',
      'source.uid',
      'source.workload.name',
      'source.workload.namespace',
      'source.workload.uid',
    ]);
  });
});
