import type { MeshObject } from '@keelson/core/config';
import { typeUrls } from '../built';
import {
  changed,
  contents,
  domain,
  entry,
  lease,
  mesh,
  object,
  route,
  sidecar,
  subsets,
} from './testing/recorded-views';

describe('what a change costs', () => {
  const { model, views } = mesh();
  let tick = 0;
  model.applyConfig({
    put: [entry('a'), entry('b'), entry('c'), route('b', 'b', 'b'), subsets('b', 'b', 'v1')],
    remove: [],
  });
  model.applyWorkloads({ put: [lease('b1', 'b', 'b')], remove: [] });
  const sets = views.attach(1, sidecar, true, tick);
  changed(sets);
  const put = (...objects: MeshObject[]): Record<string, string[]> => {
    views.follow(++tick, model.applyConfig({ put: objects, remove: [] }));
    return changed(sets);
  };

  it('is one virtual host for a route', () => {
    expect(put(route('b', 'b', 'c'))).toEqual({ VirtualHost: [`80/b${domain}`] });
  });

  it('S3 is one endpoint set for an instance, in each cluster of its service', () => {
    views.follow(++tick, model.applyWorkloads({ put: [lease('b22', 'b', 'b')], remove: [] }));
    expect(changed(sets)).toEqual({ ClusterLoadAssignment: [`outbound|80|v1|b${domain}`, `outbound|80||b${domain}`] });
  });

  it('is nothing for the same words again', () => {
    expect(put(entry('a'), route('b', 'b', 'c'), subsets('b', 'b', 'v1'))).toEqual({});
  });

  it('is cluster, endpoints and virtual host for a new service on a known port', () => {
    expect(put(entry('d'))).toEqual({
      Cluster: [`outbound|80||d${domain}`],
      ClusterLoadAssignment: [`outbound|80||d${domain}`],
      VirtualHost: [`80/d${domain}`],
    });
  });

  it('is a listener and a route configuration more for a new port', () => {
    const names = put(entry('e', 81));
    expect([names.Listener, names.RouteConfiguration]).toEqual([['0.0.0.0_81'], ['81']]);
    views.follow(
      ++tick,
      model.applyConfig({ put: [], remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'e' }] }),
    );
    const gone = changed(sets);
    expect([gone.Listener, gone.RouteConfiguration, gone.VirtualHost]).toEqual([
      ['0.0.0.0_81'],
      ['81'],
      [`81/e${domain}`],
    ]);
  });

  it('is clusters alone for a new identity behind a service, and its endpoints', () => {
    views.follow(++tick, model.applyWorkloads({ put: [lease('b333', 'b', 'other')], remove: [] }));
    expect(Object.keys(changed(sets)).sort()).toEqual(['Cluster', 'ClusterLoadAssignment']);
  });
});

it('S35 calls a workload in plaintext where its PeerAuthentication says DISABLE', () => {
  const { model, views } = mesh();
  model.applyConfig({ put: [entry('b')], remove: [] });
  model.applyWorkloads({ put: [lease('b1', 'b', 'b')], remove: [] });
  const sets = views.attach(1, sidecar, true, 0);
  const mark = Buffer.from('tlsMode').toString('hex');
  const marked = (): boolean =>
    sets.get(typeUrls.endpoint)?.[0]?.content[`outbound|80||b${domain}`]?.includes(mark) ?? false;
  expect(marked()).toBe(true);
  views.follow(
    1,
    model.applyConfig({ put: [object('PeerAuthentication', 'off', { mtls: { mode: 'DISABLE' } })], remove: [] }),
  );
  expect(marked()).toBe(false);
});

it('gives a domain that two hosts claim to the first by name, and back when it leaves', () => {
  const { model, views } = mesh();
  model.applyConfig({ put: [entry('b', 80, 'HTTP', ['240.0.0.1'])], remove: [] });
  const sets = views.attach(1, sidecar, true, 0);
  const claims = (host: string): boolean => {
    const body = sets.get(typeUrls.virtualHost)?.[0]?.content[`80/${host}${domain}`] ?? '';
    return body.includes(Buffer.from('240.0.0.1').toString('hex'));
  };
  expect(claims('b')).toBe(true);
  views.follow(1, model.applyConfig({ put: [entry('a', 80, 'HTTP', ['240.0.0.1'])], remove: [] }));
  expect([claims('a'), claims('b')]).toEqual([true, false]);
  views.follow(2, model.applyConfig({ put: [], remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'a' }] }));
  expect([claims('a'), claims('b')]).toEqual([false, true]);
});

it('serves a host that only a rule names on the port of a service that another rule has', () => {
  const { model, views } = mesh();
  const named = (name: string, other: string, created: number): MeshObject =>
    object(
      'VirtualService',
      name,
      { hosts: ['c', other], http: [{ route: [{ destination: { host: 'a' } }] }] },
      created,
    );
  model.applyConfig({ put: [named('older', 'd', 1), named('younger', 'x', 2)], remove: [] });
  const sets = views.attach(1, sidecar, true, 0);
  views.follow(1, model.applyConfig({ put: [entry('c', 81)], remove: [] }));
  expect(Object.keys(sets.get(typeUrls.virtualHost)?.[0]?.content ?? {})).toEqual([
    `81/c${domain}`,
    `81/d${domain}`,
    `81/x${domain}`,
  ]);
});

describe('an egress listener without an address', () => {
  const listed = object('Sidecar', 'a', {
    egress: [
      { port: { number: 80, protocol: 'HTTP', name: 'http' }, hosts: [`./b${domain}`] },
      { hosts: [`./c${domain}`] },
    ],
  });
  const open = object('Sidecar', 'a', { egress: [{ hosts: [`./c${domain}`] }] });
  const start = (objects: MeshObject[]) => {
    const { model, views } = mesh();
    model.applyConfig({ put: objects, remove: [] });
    return { model, views, sets: views.attach(1, sidecar, true, 0) };
  };
  const fresh = (...objects: MeshObject[]): ReturnType<typeof contents> => contents(start(objects).sets);
  const shown = (made: ReturnType<typeof contents>) =>
    [typeUrls.listener, typeUrls.route, typeUrls.virtualHost].map((typeUrl) =>
      Object.keys(made[typeUrl] ?? {}).filter((name) => !name.startsWith('virtual')),
    );
  const ofSidecar = [['0.0.0.0_80'], ['0.0.0.0_80'], [`0.0.0.0_80/b${domain}`]];
  const ofCaptured = [['0.0.0.0_80'], ['80'], [`80/c${domain}`]];

  it('stays when a captured service of its port changes and goes', () => {
    const { model, views, sets } = start([entry('b'), entry('c'), listed]);
    const before = contents(sets);
    expect(shown(before)).toEqual(ofSidecar);
    views.follow(1, model.applyConfig({ put: [entry('c', 80, 'HTTP', ['240.0.0.1'])], remove: [] }));
    expect(contents(sets)[typeUrls.listener]).toEqual(before[typeUrls.listener]);
    expect(shown(contents(sets))).toEqual(ofSidecar);
    views.follow(2, model.applyConfig({ put: [], remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'c' }] }));
    expect(contents(sets)).toEqual(fresh(entry('b'), listed));
    expect(shown(contents(sets))).toEqual(ofSidecar);
  });

  it('takes the place of the captured one, and gives it back', () => {
    const { model, views, sets } = start([entry('b'), entry('c'), open]);
    expect(shown(contents(sets))).toEqual(ofCaptured);
    views.follow(1, model.applyConfig({ put: [listed], remove: [] }));
    expect(contents(sets)).toEqual(fresh(entry('b'), entry('c'), listed));
    views.follow(2, model.applyConfig({ put: [open], remove: [] }));
    expect(contents(sets)).toEqual(fresh(entry('b'), entry('c'), open));
    expect(shown(contents(sets))).toEqual(ofCaptured);
  });
});

it.each(['b.shop', '240.0.0.1'])('serves %s, which a rule names, once no service has it', (host) => {
  const { model, views } = mesh();
  const service = entry('b', 80, 'HTTP', ['240.0.0.1'], { host: `b${domain}` });
  model.applyConfig({ put: [entry('a'), service, route('r', host, 'a')], remove: [] });
  const sets = views.attach(1, sidecar, true, 0);
  const hosts = (): string[] => Object.keys(contents(sets)[typeUrls.virtualHost] ?? {});
  expect(hosts()).toEqual([`80/a${domain}`, `80/b${domain}`]);
  views.follow(1, model.applyConfig({ put: [], remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'b' }] }));
  expect(hosts()).toEqual([`80/${host}`, `80/a${domain}`].sort());
  views.follow(2, model.applyConfig({ put: [service], remove: [] }));
  expect(hosts()).toEqual([`80/a${domain}`, `80/b${domain}`]);
});

it('shares what proxies of a class see, and tells them apart only by what belongs to them', () => {
  const { model, views } = mesh();
  model.applyConfig({ put: [entry('a'), entry('b')], remove: [] });
  const first = views.attach(1, sidecar, true, 0);
  const second = views.attach(2, { ...sidecar, id: 'other', address: '10.0.0.2', labels: { app: 'b' } }, true, 0);
  for (const typeUrl of Object.values(typeUrls)) expect(second.get(typeUrl)).toEqual(first.get(typeUrl));
  const shared = first.get(typeUrls.cluster)?.[0];
  expect(second.get(typeUrls.cluster)?.[0]).toBe(shared);
});
