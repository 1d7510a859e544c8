/**
 * One listener for which resources are made, and its route configuration where it speaks HTTP. Plain data: with the
 * scope it is all that the resources of the listener depend on.
 */
export interface RouteConfigPlan {
  /** The route configuration; has no `/`, since virtual hosts are named `<name>/<host>`. */
  name: string;
  /** The listener that uses it. */
  listener: string;
  /** `outbound` is shared by all services on a port, `egress` is one listener of a Sidecar, `gateway` one of a router. */
  kind: 'outbound' | 'egress' | 'gateway';
  protocol: 'http' | 'tcp';
  /** Address and port of the listener; the port is the one of the services too. */
  bind: string;
  port: number;
  /** False where traffic comes captured, through `virtualOutbound`. */
  bindToPort: boolean;
  /** The one service that takes any Host here, where the listener's hosts select just one on its port. */
  anyHost?: string;
  /**
   * Of an egress listener: the services that it serves, in order of name. Of a gateway: the domains, each a virtual host.
   * Not given for `outbound`, whose hosts are the services that have the plan among their pieces.
   */
  hosts?: string[];
  /** Of an egress listener: what it imports, `namespace/host`. */
  imports?: string[];
  /** Of a gateway. */
  gateway?: GatewayPlan;
}

/** What a gateway's route configuration is made from. */
export interface GatewayPlan {
  /** Whether TLS ends here. */
  tls: boolean;
  servers: GatewayPlanServer[];
  /**
   * Hosts as VirtualServices write them, by the domain of this plan that they were narrowed to: `*` by `a.example.com`
   * where the server has only that. A domain that is not here is written so itself.
   */
  narrowed: Record<string, string[]>;
}

/** One server of a Gateway that feeds a route configuration. */
export interface GatewayPlanServer {
  /** `namespace/name` of the Gateway. */
  gateway: string;
  /** Hosts as `namespace/host`, namespace `*` for any. */
  hosts: string[];
  httpsRedirect: boolean;
}
