import type { EndpointHealth } from './service';

/** A workload instance that an agent registered. Namespace and account come from its certificate. */
export interface Workload {
  uid: string;
  cluster: string;
  network: string;
  locality: string;
  namespace: string;
  name: string;
  serviceAccount: string;
  address: string;
  /** Port names to numbers. */
  ports: Readonly<Record<string, number>>;
  labels: Readonly<Record<string, string>>;
  weight: number;
  health: EndpointHealth;
}
