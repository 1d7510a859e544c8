import type { QuotaSpec, QuotaSpecBinding } from '@keelson/api/istio/mixer/v1/config/client/quota';
import type { Known, Knowledge } from '@keelson/core/cexl';
import { objectKey, policyKinds, type MeshObject, type ObjectRef } from '@keelson/core/config';
import {
  compilePolicy,
  demandOf,
  mayMatch,
  noDemand,
  type AdapterTable,
  type PolicyDemand,
  type PolicyPlan,
} from '@keelson/core/policy';
import type { MeshDefaults } from './model';
import type { ProxyNode } from './proxy';
import type { Service } from './service';

/** What Mixer's rules want of the requests to one port of a workload. */
export interface PortPolicy extends PolicyDemand {
  /** Which quotas a request takes: the rules of all QuotaSpecs of the service; none where no quota can be refused. */
  readonly quotas: QuotaSpec | undefined;
}

/** What a request can be, as far as its port tells. */
export type Transport = 'http' | 'tcp';

const protocols: Readonly<Record<Transport, readonly string[]>> = { http: ['http', 'grpc'], tcp: ['tcp'] };

/** Mixer's rules and quotas as Pilot needs them: to know which proxies have to ask and to tell. */
export class MixerRules {
  private readonly objects = new Map<string, MeshObject>();
  private readonly specs = new Map<string, MeshObject<QuotaSpec>>();
  private readonly bindings = new Map<string, MeshObject<QuotaSpecBinding>>();
  private compiled: PolicyPlan | undefined;
  private sortedBindings: readonly MeshObject<QuotaSpecBinding>[] | undefined;
  /** What is wanted of requests that go out, by transport and namespace: each cluster of a class asks for it. */
  private readonly outgoing = new Map<string, PolicyDemand | undefined>();

  constructor(
    private readonly defaults: MeshDefaults,
    private readonly adapters: AdapterTable,
  ) {}

  /** @returns whether the object is one of Mixer's */
  put(object: MeshObject): boolean {
    const key = objectKey(object);
    if (object.kind === 'QuotaSpec') this.specs.set(key, object as MeshObject<QuotaSpec>);
    else if (object.kind === 'QuotaSpecBinding') this.bindings.set(key, object as MeshObject<QuotaSpecBinding>);
    else if (policyKinds.has(object.kind)) this.objects.set(key, object);
    else return false;
    this.changed();
    return true;
  }

  /** @returns whether there was such an object */
  remove(ref: ObjectRef): boolean {
    const key = objectKey(ref);
    if (!this.objects.delete(key) && !this.specs.delete(key) && !this.bindings.delete(key)) return false;
    this.changed();
    return true;
  }

  /** What was worked out of the objects is worked out anew when it is next asked for. */
  private changed(): void {
    this.compiled = undefined;
    this.sortedBindings = undefined;
    this.outgoing.clear();
  }

  /** Whether there is any rule. */
  get active(): boolean {
    return this.plan() !== undefined;
  }

  /** What is wanted of the requests to a port of a workload; undefined for nothing. */
  inbound(node: ProxyNode, service: Service | undefined, transport: Transport): PortPolicy | undefined {
    const plan = this.plan();
    if (plan === undefined) return undefined;
    const known = inboundKnowledge(node, service);
    const demand = this.demand(plan, node.namespace, known, transport);
    const quotas = transport === 'http' && service ? this.quotasOf(plan, node.namespace, service, known) : undefined;
    if (!demand.checks && !demand.reports && !quotas) return undefined;
    return { ...demand, checks: demand.checks || quotas !== undefined, quotas };
  }

  /** Who wants to be told of the requests that the proxies of a namespace send; undefined for nobody. */
  outbound(namespace: string, transport: Transport): PolicyDemand | undefined {
    const key = `${transport} ${namespace}`;
    if (!this.outgoing.has(key)) this.outgoing.set(key, this.outboundDemand(namespace, transport));
    return this.outgoing.get(key);
  }

  private outboundDemand(namespace: string, transport: Transport): PolicyDemand | undefined {
    const plan = this.plan();
    if (plan === undefined) return undefined;
    const demand = this.demand(plan, namespace, outboundKnowledge(namespace), transport);
    // Who is called checks by himself.
    return demand.reports ? { ...demand, checks: false } : undefined;
  }

  private plan(): PolicyPlan | undefined {
    if (this.objects.size === 0) return undefined;
    this.compiled ??= compilePolicy(this.objects.values(), this.adapters, this.defaults.rootNamespace);
    return this.compiled.rules.length > 0 ? this.compiled : undefined;
  }

  private demand(plan: PolicyPlan, namespace: string, known: Knowledge, transport: Transport): PolicyDemand {
    return protocols[transport]
      .map((protocol) => demandOf(plan, namespace, over({ 'context.protocol': protocol }, known)))
      .reduce(either, noDemand);
  }

  private quotasOf(plan: PolicyPlan, namespace: string, service: Service, known: Knowledge): QuotaSpec | undefined {
    if (
      !plan
        .rulesOf(namespace)
        .quota.all()
        .some((rule) => mayMatch(plan, rule, known))
    )
      return undefined;
    this.sortedBindings ??= [...this.bindings.values()].sort(byKey);
    const rules = this.sortedBindings
      .filter((binding) => this.isFor(binding, service))
      .flatMap(({ namespace: own, spec }) =>
        (spec.quotaSpecs ?? []).flatMap(({ name = '', namespace: of }) => {
          const key = objectKey({ kind: 'QuotaSpec', namespace: of ? of : own, name });
          return this.specs.get(key)?.spec.rules ?? [];
        }),
      );
    return rules.length > 0 ? { rules } : undefined;
  }

  private isFor({ namespace: own, spec }: MeshObject<QuotaSpecBinding>, { hostname }: Service): boolean {
    return (spec.services ?? []).some(({ name = '', namespace, domain, service = '' }) => {
      if (service === '*') return true;
      if (service !== '') return service === hostname;
      return (
        `${name}.${namespace ? namespace : own}.${domain ? domain : `svc.${this.defaults.domainSuffix}`}` === hostname
      );
    });
  }
}

/** The name of a service as Istio has it: the first label of its host. */
export function serviceName({ hostname }: Service): string {
  return hostname.slice(0, hostname.indexOf('.') < 0 ? undefined : hostname.indexOf('.'));
}

function inboundKnowledge(node: ProxyNode, service: Service | undefined): Knowledge {
  const of = (value: string | undefined): Known => (value === undefined ? 'absent' : { value });
  return over(
    {
      'context.reporter.kind': 'inbound',
      'destination.namespace': node.namespace,
      'destination.workload.namespace': node.namespace,
    },
    (name) => {
      switch (name) {
        case 'destination.labels':
          return { value: new Map(Object.entries(node.labels)) };
        case 'destination.service.host':
          return of(service?.hostname);
        case 'destination.service.name':
          return of(service && serviceName(service));
        case 'destination.service.namespace':
          return of(service?.namespace);
        default:
          return 'unknown';
      }
    },
  );
}

function outboundKnowledge(namespace: string): Knowledge {
  const known = { 'context.reporter.kind': 'outbound', 'source.namespace': namespace };
  return over({ ...known, 'source.workload.namespace': namespace }, () => 'unknown');
}

function over(known: Readonly<Record<string, string>>, others: Knowledge): Knowledge {
  return (name, key) => {
    const value = key === undefined && Object.hasOwn(known, name) ? known[name] : undefined;
    return value === undefined ? others(name, key) : { value };
  };
}

function either(a: PolicyDemand, b: PolicyDemand): PolicyDemand {
  return {
    checks: a.checks || b.checks,
    reports: a.reports || b.reports,
    requestHeaders: union(a.requestHeaders, b.requestHeaders),
    responseHeaders: union(a.responseHeaders, b.responseHeaders),
  };
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.length === 0 ? b : b.length === 0 ? a : [...new Set([...a, ...b])].sort();
}

function byKey(a: ObjectRef, b: ObjectRef): number {
  return objectKey(a) < objectKey(b) ? -1 : 1;
}
