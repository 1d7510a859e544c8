import { type Node } from '@keelson/api/envoy/config/core/v3/base';
import { type DeltaDiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';

import { DeltaDriver, type Bench, type Received, type ShortType } from './clients';

/** What the bodies of the model say: a value, whether clients refuse it, and the clusters that it points at. */
export interface Meaning {
  value: string;
  bad: boolean;
  needs: string[];
}

const marker = /\{(\w*)\|(!?)\|([\w,]*)\}/;

export function bodyOf({ value, bad, needs }: Meaning): string {
  return `{${value}|${bad ? '!' : ''}|${needs.join()}}`;
}

export function meaningOf(body: string): Meaning {
  const [, value = '', bad = '', needs = ''] = marker.exec(body) ?? [];
  return { value, bad: bad === '!', needs: needs.split(',').filter((need) => need !== '') };
}

export const routingTypes = ['lds', 'rds', 'vhds'] as const;

/**
 * Takes a delta stream as Envoy does: of clusters and listeners the good ones, naming the bad; of others whole responses. It asks
 * for the endpoints of its clusters, drops hosts whose route configuration it has not, and claims what it was sent. A new or
 * changed cluster warms until its endpoints come; as long as one does, it says nothing about clusters, on a new stream either.
 */
export class ModelClient {
  readonly state = {
    cds: new Map<string, string>(),
    eds: new Map<string, string>(),
    lds: new Map<string, string>(),
    rds: new Map<string, string>(),
    vhds: new Map<string, string>(),
  };
  /** Clusters that wait for their endpoints, as they are to be. */
  readonly warming = new Map<string, string>();
  /** Route configurations that have had a first update of their hosts. */
  readonly live = new Set<string>();
  readonly broken: string[] = [];
  reconnected = false;
  driver: DeltaDriver;
  #versions = new Map<ShortType, Map<string, string>>();
  #wanted = { eds: new Set<string>(), rds: new Set<string>() };
  #asked = new Set<ShortType>();
  /** What it has to say about clusters, once none warms. */
  #unsaid: (() => void)[] = [];
  /** Route configurations that the server took away, and that are kept as long as their listener drains. */
  #draining = new Set<string>();

  constructor(readonly bench: Bench) {
    this.driver = this.#connect();
  }

  get routes(): ReadonlySet<string> {
    return this.#wanted.rds;
  }

  #connect(): DeltaDriver {
    const driver = new DeltaDriver(this.bench);
    const { inbox } = driver;
    const push = inbox.push.bind(inbox);
    inbox.push = (...responses) => {
      for (const response of responses) this.#inspect(response);
      return push(...responses);
    };
    return driver;
  }

  /** What must hold of each response at the moment at which it is sent. */
  #inspect({ type, put, removed }: Received): void {
    const clusters = this.bench.layers.cds;
    if ((routingTypes as readonly string[]).includes(type))
      for (const [name, body] of Object.entries(put))
        for (const need of meaningOf(body).needs) {
          const exists = clusters.get(need);
          if (exists === undefined || this.state.cds.has(need)) continue;
          if (type === 'rds' && meaningOf(exists.body.toString()).bad) continue;
          this.broken.push(`${type} ${name} was sent before cluster ${need}`);
        }
    if (type !== 'cds') return;
    for (const cluster of removed)
      for (const routing of routingTypes)
        for (const [name, body] of this.state[routing]) {
          if (routing === 'rds' && (!this.#wanted.rds.has(name) || this.#draining.has(name))) continue;
          const now = this.bench.layers[routing].get(name);
          const current = now !== undefined && Buffer.from(now.body).toString() === body;
          // What is gone from the view as a whole may go on draining.
          if (meaningOf(body).needs.includes(cluster) && !current && now !== undefined)
            this.broken.push(`cluster ${cluster} was removed before ${routing} ${name} let go of it`);
        }
  }

  /** Opens a stream, in an order of requests that Envoy may choose, with claims of what it has. */
  reconnect(hostsFirst: boolean): void {
    this.reconnected = true;
    this.driver.stream.end();
    this.driver = this.#connect();
    this.#unsaid = [];
    const asked = [...this.#asked, 'cds'];
    this.#asked.clear();
    const order: ShortType[] = hostsFirst ? ['cds', 'vhds', 'eds', 'lds', 'rds'] : ['cds', 'eds', 'lds', 'rds', 'vhds'];
    for (const type of order)
      if (asked.includes(type)) {
        if (type === 'cds')
          this.#sayOfClusters(() => {
            this.ask('cds');
          });
        else this.ask(type);
      }
  }

  /** Whether it has said everything. */
  get silent(): boolean {
    return this.#unsaid.length === 0;
  }

  #sayOfClusters(say: () => void): void {
    if (this.warming.size > 0) this.#unsaid.push(say);
    else say();
  }

  #warm(names: Iterable<string>): void {
    for (const name of names) {
      const body = this.warming.get(name);
      if (body !== undefined) this.state.cds.set(name, body);
      this.warming.delete(name);
    }
    if (this.warming.size === 0) for (const say of this.#unsaid.splice(0)) say();
  }

  /** The first request of a type on a stream. */
  ask(type: ShortType): void {
    if (this.#asked.has(type)) return;
    this.#asked.add(type);
    const request: Partial<DeltaDiscoveryRequest> = { node: { id: 'model' } satisfies Node };
    request.initialResourceVersions = Object.fromEntries(this.#versionsOf(type));
    if (type === 'eds' || type === 'rds') request.resourceNamesSubscribe = [...this.#wanted[type]];
    this.driver.request(type, request);
  }

  #versionsOf(type: ShortType): Map<string, string> {
    let versions = this.#versions.get(type);
    if (versions === undefined) this.#versions.set(type, (versions = new Map<string, string>()));
    return versions;
  }

  /** Changes the subscription of endpoints or route configurations. */
  want(type: 'eds' | 'rds', names: ReadonlySet<string>): void {
    const had = this.#wanted[type];
    const added = [...names].filter((name) => !had.has(name));
    const dropped = [...had].filter((name) => !names.has(name));
    this.#wanted[type] = new Set(names);
    for (const name of dropped) {
      this.state[type].delete(name);
      this.#versionsOf(type).delete(name);
      if (type === 'rds') this.#dropHosts(name);
    }
    if (!this.#asked.has(type)) {
      if (added.length > 0) this.ask(type);
      return;
    }
    if (added.length + dropped.length === 0) return;
    this.driver.request(type, { resourceNamesSubscribe: added, resourceNamesUnsubscribe: dropped });
  }

  #dropHosts(routes: string): void {
    this.live.delete(routes);
    for (const name of this.state.vhds.keys()) if (name.startsWith(`${routes}/`)) this.state.vhds.delete(name);
  }

  /** Takes the next response. @returns whether there was one */
  take(): boolean {
    const received = this.driver.inbox.shift();
    if (received === undefined) return false;
    const { type, put, versions, removed } = received;
    const bad = Object.keys(put).filter((name) => meaningOf(put[name] ?? '').bad);
    const partial = type === 'cds' || type === 'lds';
    if (bad.length === 0 || partial)
      for (const [name, body] of Object.entries(put))
        if (!bad.includes(name)) this.#apply(type, name, body, versions?.[name] ?? '');
    if (bad.length === 0 || partial) for (const name of removed) this.#drop(type, name);
    // A refused update releases whatever waits for its hosts.
    if (type === 'vhds' && bad.length > 0) for (const scope of this.state.rds.keys()) this.live.add(scope);
    const answer = () => {
      if (bad.length === 0) this.driver.ack(received);
      else
        this.driver.nack(
          received,
          partial ? `Error adding/updating ${bad.map((name) => `${name}: bad`).join()}` : 'bad',
        );
    };
    if (type === 'cds') {
      this.#sayOfClusters(answer);
      this.want('eds', new Set([...this.state.cds.keys(), ...this.warming.keys()]));
    } else {
      if (type === 'eds') this.#warm([...Object.keys(put), ...removed]);
      answer();
    }
    if (type === 'rds' && Object.keys(put).length > 0) this.ask('vhds');
    return true;
  }

  #apply(type: ShortType, name: string, body: string, version: string): void {
    if ((type === 'eds' || type === 'rds') && !this.#wanted[type].has(name)) return; // dropped on the way
    this.#versionsOf(type).set(name, version);
    if (type === 'rds') this.#draining.delete(name);
    if (type === 'cds') {
      if (this.state.cds.get(name) !== body || this.warming.has(name)) this.warming.set(name, body);
      return;
    }
    if (type === 'vhds') {
      const scope = name.slice(0, name.lastIndexOf('/'));
      if (!this.state.rds.has(scope)) return;
      this.live.add(scope);
    }
    this.state[type].set(name, body);
  }

  #drop(type: ShortType, name: string): void {
    if (type === 'rds') {
      this.#draining.add(name);
      return;
    }
    this.#versionsOf(type).delete(name);
    this.state[type].delete(name);
    if (type === 'cds') {
      this.warming.delete(name);
      this.#warm([]);
    }
    if (type === 'vhds') {
      const scope = name.slice(0, name.lastIndexOf('/'));
      if (this.state.rds.has(scope)) this.live.add(scope);
    }
  }
}
