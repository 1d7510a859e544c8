import type { Node } from '@keelson/api/envoy/config/core/v3/base';
import type { PeerIdentity } from '@keelson/edge/service';
import { admitProxy } from './admission';

const trustDomain = 'cluster.local';

function node(id: string, metadata: Record<string, string> = {}): Node {
  return { id, metadata };
}

function peer(...spiffeIds: string[]): PeerIdentity {
  return { spiffeIds, dnsNames: [], fingerprint: '', certificate: Buffer.alloc(0) };
}

const reviews = 'sidecar~10.0.0.1~reviews-v1.shop~shop.svc.cluster.local';
const certificate = peer('spiffe://cluster.local/ns/shop/sa/reviews');

describe('S30 a proxy is who its certificate says', () => {
  it('with the namespace and account of the certificate, and with the account left out', () => {
    expect(
      admitProxy(node(reviews, { NAMESPACE: 'shop', SERVICE_ACCOUNT: 'reviews' }), certificate, trustDomain),
    ).toEqual(expect.objectContaining({ namespace: 'shop', serviceAccount: 'reviews' }));
    expect(admitProxy(node(reviews), certificate, trustDomain).serviceAccount).toBe('reviews');
  });

  it.each([
    ['another namespace in its id', node(reviews.replace('.shop~', '.bank~')), 'says namespace bank'],
    ['another namespace in its metadata', node(reviews, { NAMESPACE: 'bank' }), 'says namespace bank'],
    [
      'the id of a proxy of another namespace, beside metadata of its own',
      node('sidecar~10.0.0.9~till.bank~bank.svc.cluster.local', { NAMESPACE: 'shop' }),
      'says namespace bank',
    ],
    ['the root namespace', node(reviews, { NAMESPACE: 'istio-system' }), 'says namespace istio-system'],
    ['another account', node(reviews, { SERVICE_ACCOUNT: 'till' }), 'says service account till'],
  ])('not with %s', (_, claimed, message) => {
    expect(() => admitProxy(claimed, certificate, trustDomain)).toThrow(message);
  });

  it.each([
    ['no identity', peer()],
    ['an identity of another form', peer('spiffe://cluster.local/vm/7')],
    ['an identity of another trust domain', peer('spiffe://other.domain/ns/shop/sa/reviews')],
    ['two identities', peer('spiffe://cluster.local/ns/shop/sa/reviews', 'spiffe://cluster.local/ns/bank/sa/till')],
  ])('not by a certificate with %s', (_, other) => {
    expect(() => admitProxy(node(reviews), other, trustDomain)).toThrow('no SPIFFE id of a workload');
  });
});
