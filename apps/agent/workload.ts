/** How traffic of the workload reaches its proxy, by the names that Istio's nodes use. */
export type Interception = 'NONE' | 'REDIRECT' | 'TPROXY';

/** The workload that the agent stands beside. */
export interface AgentWorkload {
  uid: string;
  name: string;
  namespace: string;
  serviceAccount: string;
  role: 'sidecar' | 'router';
  /** Where peers reach it; the node's address too. */
  address: string;
  ports: Readonly<Record<string, number>>;
  labels: Readonly<Record<string, string>>;
  cluster: string;
  network: string;
  meshId: string;
  /** `region/zone/subzone`. */
  locality: string;
  interception: Interception;
}
