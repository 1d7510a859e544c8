import { parseStats } from './admin';
import { readinessOf } from './readiness';

const all = {
  'cluster_manager.cds.update_success': 1,
  'listener_manager.lds.update_success': 1,
  'listener_manager.workers_started': 1,
  'control_plane.connected_state': 1,
};

const of = (stats: Record<string, number>, state = 'LIVE') => readinessOf(state, new Map(Object.entries(stats)));

describe('readiness of a proxy', () => {
  test('ready is who took a first configuration and serves it', () => {
    expect(of(all)).toEqual({ ready: true, missing: [] });
  });

  test('Envoy that is up without configuration is not ready, and says why', () => {
    expect(of({}, 'PRE_INITIALIZING').missing).toEqual([
      'Envoy has no connection to Pilot',
      'Envoy has no clusters from Pilot yet',
      'Envoy has no listeners from Pilot yet',
      'Envoy is PRE_INITIALIZING',
    ]);
  });

  test('a refused configuration is told from one that did not come', () => {
    const { ready, missing } = of({
      ...all,
      'listener_manager.lds.update_success': 0,
      'listener_manager.lds.update_rejected': 2,
    });
    expect(ready).toBe(false);
    expect(missing).toEqual(['Envoy refused the listeners from Pilot (2 times)']);
  });

  test('a Pilot that goes away later takes no readiness: the configuration is there', () => {
    expect(of({ ...all, 'control_plane.connected_state': 0 }).ready).toBe(true);
  });

  test('workers that do not run yet, and draining, are not ready', () => {
    expect(of({ ...all, 'listener_manager.workers_started': 0 }).missing).toEqual([
      'Envoy has not started its workers',
    ]);
    expect(of(all, 'DRAINING').missing).toEqual(['Envoy is DRAINING']);
  });

  test('reads numbers and leaves the rest out', () => {
    expect(parseStats('a.b: 3\nc: "text"\nd: P0(1,1) P50(2,2)\n\n')).toEqual(new Map([['a.b', 3]]));
  });
});
