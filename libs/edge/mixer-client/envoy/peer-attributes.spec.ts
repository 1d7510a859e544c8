import { Attributes as PlainAttributes, type Attributes_AttributeValue } from '@keelson/api/istio/mixer/v1/attributes';
import { check, context, ip } from '../testing/envoy-samples';

describe('S40 what the proxy of the caller says of the caller', () => {
  const map = (entries: Record<string, string>): Attributes_AttributeValue => ({
    value: { $case: 'stringMapValue', value: { entries } },
  });
  const said = (values: Record<string, string | Attributes_AttributeValue>): Record<string, Record<string, string>> => {
    const attributes = Object.fromEntries(
      Object.entries(values).map(([name, value]): [string, Attributes_AttributeValue] => [
        name,
        typeof value === 'string' ? { value: { $case: 'stringValue', value } } : value,
      ]),
    );
    return {
      'istio.mixer': { attributes: Buffer.from(PlainAttributes.encode({ attributes }).finish()).toString('base64') },
    };
  };
  const ask = (values: Parameters<typeof said>[0], principal = 'spiffe://cluster.local/ns/books/sa/reviews') =>
    check({ ...context, source: { ...context.source, principal }, metadataContext: { filterMetadata: said(values) } });
  const uid = { 'source.uid': 'kubernetes://reviews-1.books' };

  it('is believed of one who shows a certificate of the namespace', () => {
    const all = {
      ...uid,
      'source.namespace': 'books',
      'source.workload.name': 'reviews-v1',
      'source.workload.namespace': 'books',
      'source.workload.uid': 'istio://books/workloads/reviews-v1',
      'source.labels': map({ app: 'reviews' }),
    };
    expect(ask(all)).toMatchObject({
      ...uid,
      'source.namespace': 'books',
      'source.workload.name': 'reviews-v1',
      'source.labels': { app: 'reviews' },
    });
    expect(ask(uid)).toMatchObject({ ...uid, 'source.namespace': 'books' });
  });

  it.each<[string, Record<string, string>]>([
    ['another namespace', { 'source.namespace': 'shop' }],
    ['a workload of another namespace', { 'source.workload.namespace': 'shop' }],
    ['a uid of another namespace', { 'source.uid': 'kubernetes://reviews-1.shop' }],
    ['a uid of another namespace behind a line of its own', { 'source.uid': 'kubernetes://a\nb.shop' }],
    ['a uid of no namespace', { 'source.uid': 'kubernetes://reviews-1' }],
    ['a uid of an unknown form', { 'source.uid': 'vm://reviews-1.shop' }],
    ['the uid of a workload of another namespace', { 'source.workload.uid': 'istio://shop/workloads/reviews' }],
    ['the uid of a workload of no namespace', { 'source.workload.uid': 'istio://shop' }],
  ])('is not believed of one who claims %s', (_, lie) => {
    const told = ask({ ...uid, 'source.name': 'reviews-1', ...lie });
    expect(told['source.namespace']).toBe('books');
    for (const name of ['source.uid', 'source.name', 'source.workload.namespace'])
      expect(told).not.toHaveProperty([name]);
  });

  it('says nothing of who the caller is, nor of anything else', () => {
    const told = ask({
      'source.principal': 'cluster.local/ns/books/sa/admin',
      'source.user': 'admin',
      'source.serviceAccount': 'admin',
      'destination.namespace': 'books',
      'request.path': '/free',
      'source.owner': 'kubernetes://apis/apps/v1/namespaces/shop/deployments/ratings',
      'source.services': 'ratings.shop.svc.cluster.local',
      'source.ip': { value: { $case: 'bytesValue', value: ip(10, 8, 0, 1) } },
      'source.name': map({}),
    });
    expect(told).toMatchObject({
      'source.principal': 'cluster.local/ns/books/sa/reviews',
      'source.user': 'cluster.local/ns/books/sa/reviews',
      'source.serviceAccount': 'reviews',
      'destination.namespace': 'shop',
      'request.path': '/r/1?a=b',
      'source.ip': ip(10, 0, 0, 1),
      'origin.ip': ip(10, 0, 0, 1),
    });
    for (const name of ['source.name', 'source.owner', 'source.services']) expect(told).not.toHaveProperty([name]);
  });

  it.each(['', 'reviews.books', 'spiffe://other/workload'])('is not believed of one who shows %j', (principal) => {
    expect(ask(uid, principal)).not.toHaveProperty(['source.uid']);
  });

  it('is not looked at where the caller is the own workload', () => {
    const told = check({ ...context, metadataContext: { filterMetadata: said(uid) } }, {}, 'outbound');
    expect(told).toMatchObject({ 'source.uid': 'kubernetes://me.shop', 'source.namespace': 'shop' });
    for (const name of ['source.principal', 'source.ip', 'destination.ip']) expect(told).not.toHaveProperty([name]);
  });

  it.each(['%%%', 'AAAA', 'Cg=='])('may be %j, which says nothing', (attributes) => {
    const filterMetadata = { 'istio.mixer': { attributes } };
    expect(check({ ...context, metadataContext: { filterMetadata } })).not.toHaveProperty(['source.uid']);
  });
});
