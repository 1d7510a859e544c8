import type { PeerIdentity } from '@keelson/edge/service';
import { admitReaders } from './mcp-readers';

const of = (...spiffeIds: string[]): PeerIdentity => ({
  spiffeIds,
  dnsNames: [],
  fingerprint: '',
  certificate: Buffer.alloc(0),
});
const pilot = 'spiffe://cluster.local/ns/istio-system/sa/pilot';

describe('S30 who may read configuration over MCP', () => {
  const admit = admitReaders([pilot]);

  it('a reader that is named', () => {
    expect(() => {
      admit(of(pilot));
    }).not.toThrow();
  });

  it.each([
    ['nobody without a certificate', undefined],
    ['no certificate without an identity', of()],
    ['no gateway, though it lives beside the components', of('spiffe://cluster.local/ns/istio-system/sa/gateway')],
    ['no account of another namespace', of('spiffe://cluster.local/ns/default/sa/pilot')],
    ['no account of another trust domain', of('spiffe://other.domain/ns/istio-system/sa/pilot')],
    ['no account whose name only begins like it', of(`${pilot}-two`)],
    ['no certificate with a second identity', of(pilot, 'spiffe://cluster.local/ns/default/sa/app')],
  ])('%s', (_, peer) => {
    expect(() => {
      admit(peer);
    }).toThrow('may not read configuration');
  });
});
