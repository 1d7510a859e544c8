import type { Flags } from './flags';

/** One workload of the sample: an application with an agent and an Envoy, on an address of its own. */
export interface WorkloadSpec {
  name: string;
  role: 'sidecar' | 'router';
  namespace: string;
  serviceAccount: string;
  labels: Record<string, string>;
  /** The last number of its address. */
  number: number;
  /** Where its proxy serves it, and where the application itself listens: offset from the first application port. */
  service?: { port: number; applicationOffset: number };
  /** Compiled file of the application, and its settings. */
  application?: { script: string; env: (own: string) => Record<string, string> };
}

const ports = { productpage: 9080, reviews: 9081, details: 9082, ratings: 9083 } as const;

function sidecar(
  app: keyof typeof ports,
  version: string,
  number: number,
  applicationOffset: number,
  env: (own: string) => Record<string, string> = () => ({}),
): WorkloadSpec {
  return {
    name: `${app}-${version}`,
    role: 'sidecar',
    namespace: 'default',
    serviceAccount: `bookinfo-${app}`,
    labels: { app, version },
    number,
    service: { port: ports[app], applicationOffset },
    application: { script: `${app}.js`, env },
  };
}

const ratingsUrl = (own: string): Record<string, string> => ({ RATINGS_URL: `http://${own}:${ports.ratings}` });

/** The workloads of the sample, as its Sidecars in samples/bookinfo/config expect them. */
export const workloads: readonly WorkloadSpec[] = [
  sidecar('productpage', 'v1', 1, 0, (own) => ({
    REVIEWS_URL: `http://${own}:${ports.reviews}`,
    DETAILS_URL: `http://${own}:${ports.details}`,
  })),
  sidecar('details', 'v1', 2, 2),
  sidecar('reviews', 'v1', 3, 11, (own) => ({ VERSION: 'v1', ...ratingsUrl(own) })),
  sidecar('reviews', 'v2', 4, 12, (own) => ({ VERSION: 'v2', ...ratingsUrl(own) })),
  sidecar('reviews', 'v3', 5, 13, (own) => ({ VERSION: 'v3', ...ratingsUrl(own) })),
  sidecar('ratings', 'v1', 6, 3),
  {
    name: 'ingressgateway',
    role: 'router',
    namespace: 'istio-system',
    serviceAccount: 'istio-ingressgateway-service-account',
    labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
    number: 7,
  },
];

export function addressOf(workload: WorkloadSpec, { loopback }: Pick<Flags, 'loopback'>): string {
  return `${loopback}.${workload.number}`;
}
