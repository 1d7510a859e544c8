import { hostOf, type FullMesh, type Workload } from '../harness';
import { sidecarYaml, yamlOf } from '../harness/services';
import type { Random } from './random';

const steady = hostOf('steady');

/** One random commit: what is put and what is taken out. */
export interface Change {
  what: string;
  put?: string;
  remove?: string;
}

const ref = (apiVersion: string, kind: string, name: string): string => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: ${name}, namespace: default }
`;
const networking = 'networking.istio.io/v1';
const security = 'security.istio.io/v1';

/**
 * Random changes around a service `steady` that has to answer all the time: its rules, its subsets, the policies before
 * it, other services, what a client listens on, and what a gateway serves. Each commit is valid in itself.
 */
export class Changes {
  private readonly extras = new Set<number>();
  private readonly present = new Set<string>();
  private subsets: string[] = [];
  private step = 0;

  constructor(
    private readonly random: Random,
    private readonly mesh: FullMesh,
    private readonly client: Workload,
    private readonly gatewayPorts: readonly number[],
  ) {}

  next(): Change {
    this.step++;
    return this.random.of([
      () => this.rule(),
      () => this.rule(),
      () => this.subsetsAndRule(),
      () => this.subsetsAndRule(),
      () => this.noRule(),
      () => this.service(),
      () => this.service(),
      () => this.listeners(),
      () => this.gateway(),
      () => this.policy(),
      () => this.mutualTls(),
      () => this.burst(),
    ])();
  }

  private rule(): Change {
    this.present.add('VirtualService steady');
    return { what: 'rule', put: this.virtualService() };
  }

  private subsetsAndRule(): Change {
    this.subsets = ['v1', 'v2'].slice(this.random.below(2)).map((version) => `${version}-${this.step}`);
    this.present.add('VirtualService steady').add('DestinationRule steady');
    return { what: 'subsets and rule', put: yamlOf([this.destinationRule(), this.virtualService()]) };
  }

  private noRule(): Change {
    const removed = ['VirtualService', 'DestinationRule'].filter((kind) => this.present.delete(`${kind} steady`));
    this.subsets = [];
    if (removed.length === 0) return this.rule();
    return { what: 'no rule', remove: yamlOf(removed.map((kind) => ref(networking, kind, 'steady'))) };
  }

  private service(): Change {
    const number = this.random.below(6);
    const name = `extra-${number}`;
    if (this.extras.has(number) && this.random.chance(50)) {
      this.extras.delete(number);
      const rule = this.present.delete(`VirtualService ${name}`);
      return {
        what: `${name} goes`,
        put: this.sidecar(),
        remove: yamlOf([
          ref(networking, 'ServiceEntry', name),
          ...(rule ? [ref(networking, 'VirtualService', name)] : []),
        ]),
      };
    }
    this.extras.add(number);
    const documents = [this.serviceEntry(number)];
    if (this.random.chance(50)) {
      this.present.add(`VirtualService ${name}`);
      documents.push(`${ref(networking, 'VirtualService', name)}spec:
  hosts: [${name}.example.test]
  http:
    - match: [{ uri: { prefix: /${this.step} } }]
      route: [{ destination: { host: ${steady} } }]
    - timeout: ${1 + this.random.below(9)}s
      route: [{ destination: { host: ${name}.example.test } }]
`);
    }
    return { what: `${name} comes`, put: yamlOf(documents) };
  }

  private listeners(): Change {
    return { what: 'listeners of the client', put: this.sidecar() };
  }

  private gateway(): Change {
    const [stable = 0, ...others] = this.gatewayPorts;
    const more = others.filter(() => this.random.chance(50));
    const hosts = this.random.chance(50)
      ? ['shop.example.test']
      : ['shop.example.test', `other-${this.step}.example.test`];
    return {
      what: 'gateway',
      put: yamlOf([
        gatewayYaml([[stable, ['shop.example.test']], ...more.map((port): [number, string[]] => [port, hosts])]),
        `${ref(networking, 'VirtualService', 'edge')}spec:
  hosts: [shop.example.test]
  gateways: [edge]
  http:
    - name: edge-${this.step}
      timeout: ${5 + this.random.below(10)}s
      route: [{ destination: { host: ${steady} } }]
`,
      ]),
    };
  }

  private policy(): Change {
    const name = this.random.of(['allow', 'deny']);
    if (this.present.has(`AuthorizationPolicy ${name}`) && this.random.chance(40)) {
      this.present.delete(`AuthorizationPolicy ${name}`);
      return { what: `no ${name}`, remove: ref(security, 'AuthorizationPolicy', name) };
    }
    this.present.add(`AuthorizationPolicy ${name}`);
    const rules =
      name === 'allow'
        ? `
    - from: [{ source: { principals: [cluster.local/ns/default/sa/client, cluster.local/ns/default/sa/edge] } }]
    - from: [{ source: { principals: [cluster.local/ns/default/sa/guest-${this.step}] } }]`
        : `
    - to: [{ operation: { paths: [/forbidden-${this.step}] } }]`;
    return {
      what: name,
      put: `${ref(security, 'AuthorizationPolicy', name)}spec:
  selector: { matchLabels: { app: steady } }
  action: ${name.toUpperCase()}
  rules:${rules}
`,
    };
  }

  private mutualTls(): Change {
    return {
      what: 'mutual TLS',
      put: `${ref(security, 'PeerAuthentication', 'default')}spec: { mtls: { mode: ${this.random.of(['STRICT', 'PERMISSIVE'])} } }
`,
    };
  }

  private burst(): Change {
    for (let number = 0; number < 6; number++) this.extras.add(number);
    return {
      what: 'everything at once',
      put: yamlOf([
        ...[...this.extras].map((number) => this.serviceEntry(number)),
        this.sidecar(),
        ...(this.subsets.length > 0 ? [this.destinationRule()] : []),
      ]),
    };
  }

  private virtualService(): string {
    const first = this.subsets.length === 2 ? this.random.below(101) : 100;
    const destinations =
      this.subsets.length === 0
        ? [`{ destination: { host: ${steady} } }`]
        : this.subsets.map(
            (subset, i) =>
              `{ destination: { host: ${steady}, subset: ${subset} }, weight: ${i === 0 ? first : 100 - first} }`,
          );
    return `${ref(networking, 'VirtualService', 'steady')}spec:
  hosts: [${steady}]
  http:
    - name: step-${this.step}
      headers: { response: { set: { x-step: '${this.step}' } } }
      retries: { attempts: ${1 + this.random.below(4)}, retryOn: 'connect-failure,refused-stream,reset-before-request' }
      route:
${destinations.map((text) => `        - ${text}`).join('\n')}
`;
  }

  private destinationRule(): string {
    return `${ref(networking, 'DestinationRule', 'steady')}spec:
  host: ${steady}
  trafficPolicy: { loadBalancer: { simple: ${this.random.of(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'])} } }
  subsets:
${this.subsets.map((name) => `    - { name: ${name}, labels: { version: ${name.slice(0, 2)} } }`).join('\n')}
`;
  }

  private serviceEntry(number: number): string {
    const addresses = Array.from({ length: 1 + this.random.below(3) }, (_, i) => `127.0.0.${10 + i}`);
    return `${ref(networking, 'ServiceEntry', `extra-${number}`)}spec:
  hosts: [extra-${number}.example.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: ${9500 + number}, name: http, protocol: HTTP }]
  endpoints: [${addresses.map((address) => `{ address: ${address} }`).join(', ')}]
`;
  }

  /** The client's Sidecar with the listener of the steady service, and others for some of the services that are there. */
  private sidecar(): string {
    const { identity, application } = this.client;
    const chosen = [...this.extras].filter(() => this.random.chance(60));
    const text = sidecarYaml(identity, this.mesh.ports, application?.port ?? 0).trimEnd();
    return `${text}${chosen
      .map(
        (number) => `
    - port: { number: ${9500 + number}, name: http-extra-${number}, protocol: HTTP }
      bind: ${identity.address}
      captureMode: NONE
      hosts: ['*/extra-${number}.example.test'${this.random.chance(50) ? `, '*/${steady}'` : ''}]`,
      )
      .join('')}
`;
  }
}

/** A Gateway that serves hosts on ports of 127.0.0.1. */
export function gatewayYaml(servers: readonly (readonly [number, readonly string[]])[]): string {
  return `${ref(networking, 'Gateway', 'edge')}spec:
  selector: { istio: edge }
  servers:
${servers
  .map(
    ([port, hosts]) => `    - port: { number: ${port}, name: http-${port}, protocol: HTTP }
      bind: 127.0.0.1
      hosts: [${hosts.join(', ')}]`,
  )
  .join('\n')}
`;
}
