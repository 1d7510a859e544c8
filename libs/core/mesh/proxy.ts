/** What Pilot knows of a connected proxy, from its node and its certificate. */
export interface ProxyNode {
  /** The node id, `sidecar~10.0.0.1~app.default~default.svc.cluster.local`. */
  id: string;
  role: 'sidecar' | 'router';
  address: string;
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
  serviceAccount: string;
  cluster: string;
  network: string;
  /** `region/zone/subzone`. */
  locality: string;
  interception: 'REDIRECT' | 'TPROXY' | 'NONE';
  client: ClientProfile;
}

/** What the client on the stream can take; part of every class key. */
export interface ClientProfile {
  kind: 'envoy' | 'grpc';
  /** `1.40.0`, empty where unknown. */
  version: string;
  /** Whether its agent is a client of Mixer for it, behind the cluster `mixer-client` of its bootstrap. */
  mixerClient?: boolean;
}
