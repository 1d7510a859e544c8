import { typeUrls } from '../built';
import { changed, domain, entry, lease, mesh, sidecar } from './testing/recorded-views';

const endpoints = `outbound|80||b${domain}`;

describe('endpoints as seen from a place', () => {
  it('are made for places with proxies only', () => {
    const { model, views } = mesh();
    model.applyConfig({ put: [entry('b')], remove: [] });
    model.applyWorkloads({ put: [lease('b1', 'b', 'b')], remove: [] });
    const stays = views.attach(0, { ...sidecar, locality: 'r/z' }, true, 0);
    const left = Array.from({ length: 100 }, (_, i) =>
      views.attach(i + 1, { ...sidecar, locality: `r${i}/z` }, true, 0),
    );
    for (let i = 1; i <= left.length; i++) views.detach(i);
    views.sweep();
    for (const sets of [stays, ...left]) changed(sets);
    views.follow(1, model.applyWorkloads({ put: [lease('b2', 'b', 'b')], remove: [] }));
    expect(changed(stays)).toEqual({ ClusterLoadAssignment: [endpoints] });
    expect(left.map((sets) => sets.get(typeUrls.endpoint)?.[0]?.changes)).toEqual(left.map(() => []));
  });

  it('are made again for one that comes back', () => {
    const { model, views } = mesh();
    model.applyConfig({ put: [entry('b')], remove: [] });
    views.attach(0, sidecar, true, 0);
    const there = { ...sidecar, locality: 'r/z' };
    views.attach(1, there, true, 0);
    views.detach(1);
    views.sweep();
    views.follow(1, model.applyWorkloads({ put: [lease('b1', 'b', 'b')], remove: [] }));
    const fresh = views.attach(2, there, true, 1);
    expect(Object.keys(fresh.get(typeUrls.endpoint)?.[0]?.content ?? {})).toEqual([endpoints]);
    changed(fresh);
    views.sweep();
    views.follow(2, model.applyWorkloads({ put: [lease('b2', 'b', 'b')], remove: [] }));
    expect(changed(fresh)).toMatchObject({ ClusterLoadAssignment: [endpoints] });
  });
});
