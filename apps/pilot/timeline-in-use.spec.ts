import { status } from '@grpc/grpc-js';
import { createLog } from '@keelson/edge/service';
import { Discovery } from './discovery';

function discover(): { discovery: Discovery; converged: number[] } {
  const converged: number[] = [];
  const discovery = new Discovery(
    { trustDomain: 'td', domainSuffix: 'cluster.local', rootNamespace: 'istio-system' },
    {
      moved: () => undefined,
      gone: () => undefined,
      rejected: () => undefined,
      changed: () => undefined,
      converged: (seconds) => converged.push(seconds),
    },
    createLog('test', 'silent'),
  );
  return { discovery, converged };
}

function change(discovery: Discovery, upTo: number): void {
  for (let tick = discovery.timeline.now.tick + 1; tick <= upTo; tick++)
    discovery.applyConfig(`e-${tick}`, { put: [], remove: [] });
}

describe('a proxy that never acknowledges', () => {
  it('does not make its Pilot remember every change, and is told to be where it is', () => {
    const { discovery, converged } = discover();
    const stream = { id: 1, delta: true, peer: undefined, remote: '' };
    discovery.connect({ ...stream, node: { id: 'sidecar~10.0.0.1~a.shop~shop.svc.cluster.local', metadata: {} } });
    change(discovery, 50);
    discovery.progress({ stream: 1, sent: 40, acked: 3, refused: [] });
    change(discovery, 50_000);
    const { timeline } = discovery;
    expect(timeline.size).toBeLessThan(21_000);
    expect([timeline.at(40).revision, timeline.at(3).revision]).toEqual(['e-40', 'e-3']);
    // Of what lies between nobody knows when it was folded.
    discovery.progress({ stream: 1, sent: 40, acked: 30, refused: [] });
    expect(timeline.at(30).revision).toBe('e-3');
    expect(converged).toEqual([]);
    discovery.progress({ stream: 1, sent: 50_000, acked: 50_000, refused: [] });
    expect(converged).toHaveLength(1);
    discovery.stop();
    discovery.xds.stop(status.OK, '');
  });
});
