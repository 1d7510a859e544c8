import { typeUrls } from '../built';
import {
  changed,
  contents,
  domain,
  entry,
  grpcClient,
  lease,
  mesh,
  mixerRule,
  object,
  route,
  subsets,
} from './testing/recorded-views';

const listeners = (host: string): string[] =>
  [`${host}${domain}`, `${host}.shop.svc`, `${host}.shop`, host].map((name) => `${name}:80`);
const of = (host: string, subset = ''): string => `outbound|80|${subset}|${host}${domain}`;

describe('S1 what a change costs a gRPC client', () => {
  const { model, views } = mesh();
  let tick = 0;
  model.applyConfig({ put: [entry('a'), entry('b'), route('b', 'b', 'b')], remove: [] });
  model.applyWorkloads({ put: [lease('b1', 'b', 'b')], remove: [] });
  const sets = views.attach(1, grpcClient, false, tick);
  changed(sets);
  const put = (...objects: Parameters<typeof model.applyConfig>[0]['put']): Record<string, string[]> => {
    views.follow(++tick, model.applyConfig({ put: objects, remove: [] }));
    return changed(sets);
  };
  const remove = (kind: string, name: string): Record<string, string[]> => {
    views.follow(++tick, model.applyConfig({ put: [], remove: [{ kind, namespace: 'shop', name }] }));
    return changed(sets);
  };

  it('is one route configuration for a rule', () => {
    expect(put(route('b', 'b', 'a'))).toEqual({ RouteConfiguration: [of('b')] });
  });

  it('is one endpoint set for an instance, also with another account', () => {
    views.follow(++tick, model.applyWorkloads({ put: [lease('b22', 'b', 'other')], remove: [] }));
    expect(changed(sets)).toEqual({ ClusterLoadAssignment: [of('b')] });
  });

  it('is nothing for the same words again, for Gateways and for policies', () => {
    expect(put(entry('a'), route('b', 'b', 'a'))).toEqual({});
    expect(put(object('PeerAuthentication', 'off', { mtls: { mode: 'STRICT' } }))).toEqual({});
    expect(put(object('Gateway', 'a', { selector: {}, servers: [{ port: { number: 80, name: 'a', protocol: 'HTTP' }, hosts: ['*'] }] }))).toEqual({}); // prettier-ignore
  });

  it('is nothing for rules of Mixer, not even work', () => {
    const work = (): number => [...sets.values()].flat().reduce((sum, { made }) => sum + made, 0);
    const before = work();
    const selectors = jest.spyOn(model.policies, 'sidecarFor');
    expect(put(...mixerRule('all', 'reportnothing'))).toEqual({});
    expect([model.mixer.outbound('shop', 'http')?.reports, work() - before]).toEqual([true, 0]);
    expect(selectors).not.toHaveBeenCalled();
    selectors.mockRestore();
  });

  it('is a listener for each name of a new service, and one of each other type', () => {
    expect(put(entry('c'))).toEqual({
      Cluster: [of('c')],
      ClusterLoadAssignment: [of('c')],
      Listener: listeners('c'),
      RouteConfiguration: [of('c')],
    });
    expect(Object.keys(remove('ServiceEntry', 'c'))).toHaveLength(4);
  });

  it('is the routes too, where a rule waits for a subset, or for a service', () => {
    expect(put(route('b', 'b', 'a', [], 'v1'))).toEqual({ RouteConfiguration: [of('b')] });
    expect(put(subsets('a', 'a', 'v1'))).toEqual({
      Cluster: [of('a', 'v1'), of('a')],
      ClusterLoadAssignment: [of('a', 'v1')],
      RouteConfiguration: [of('b')],
    });
    expect(put(route('b', 'b', 'd'))).toEqual({ RouteConfiguration: [of('b')] });
    expect(put(entry('d')).RouteConfiguration).toEqual([of('b'), of('d')]);
  });

  it('gives a name to whom it is the full name, and back when he leaves', () => {
    const routesOf = (name: string): boolean =>
      Buffer.from(contents(sets)[typeUrls.listener]?.[name] ?? '', 'hex').includes(of('a'));
    expect(routesOf('a.shop:80')).toBe(true);
    put(entry('a.shop'));
    expect([routesOf('a.shop:80'), routesOf('a.shop.svc:80')]).toEqual([false, true]);
    remove('ServiceEntry', 'a.shop');
    expect(routesOf('a.shop:80')).toBe(true);
  });
});

describe('S1 a name that two services claim', () => {
  const own = { entry: entry('x', 80, 'HTTP', [], { host: `a.b${domain}`, created: 2 }), cluster: of('a.b') };
  const other = (created: number) => ({
    entry: entry('y', 80, 'HTTP', [], { host: 'a.b.svc.cluster.local', namespace: 'b', created }),
    cluster: 'outbound|80||a.b.svc.cluster.local',
  });
  const client = () => {
    const { model, views } = mesh();
    const sets = views.attach(1, grpcClient, false, 0);
    let tick = 0;
    return {
      apply: (change: Partial<Parameters<typeof model.applyConfig>[0]>) =>
        views.follow(++tick, model.applyConfig({ put: [], remove: [], ...change })),
      leadsTo: (cluster: string): boolean =>
        Buffer.from(contents(sets)[typeUrls.listener]?.['a.b:80'] ?? '', 'hex').includes(cluster),
      all: () => contents(sets),
    };
  };

  it.each([
    ['older', 1],
    ['of the same age', 2],
    ['younger', 3],
  ])('is with one that is %s the same whoever came first', (_, created) => {
    const guest = other(created);
    const [first, second] = [client(), client()];
    for (const each of [own, guest]) first.apply({ put: [each.entry] });
    for (const each of [guest, own]) second.apply({ put: [each.entry] });
    expect(first.all()).toEqual(second.all());
    expect([own, guest].map(({ cluster }) => first.leadsTo(cluster))).toEqual([created > 1, created === 1]);
  });

  it('is the other one’s when he who had it leaves, and his again when he is back', () => {
    const guest = other(3);
    const { apply, leadsTo } = client();
    apply({ put: [guest.entry, own.entry] });
    apply({ remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'x' }] });
    expect(leadsTo(guest.cluster)).toBe(true);
    apply({ put: [own.entry] });
    expect(leadsTo(own.cluster)).toBe(true);
  });
});

it('S1 gRPC clients of a namespace share all that they are given, whatever their version, role and capture', () => {
  const { model, views } = mesh();
  model.applyConfig({ put: [entry('a')], remove: [] });
  const first = views.attach(1, grpcClient, false, 0);
  const second = views.attach(
    2,
    { ...grpcClient, id: 'other', address: '10.0.0.2', interception: 'NONE', client: { kind: 'grpc', version: '2' } },
    false,
    0,
  );
  for (const typeUrl of Object.values(typeUrls)) {
    const sets = second.get(typeUrl) ?? [];
    expect(sets).toHaveLength(first.get(typeUrl)?.length ?? -1);
    for (const [i, set] of sets.entries()) expect(set).toBe(first.get(typeUrl)?.[i]);
  }
});
