/** A port of the control plane. */
export interface Listener {
  name: string;
  address: string;
  tls: boolean;
  /** Paths of its gRPC methods. */
  grpc: readonly string[];
}

/** The gRPC methods that each component serves. */
export const grpcMethods = {
  citadel: ['/istio.v1.auth.IstioCertificateService/CreateCertificate'],
  galley: ['/istio.mcp.v1alpha1.ResourceSource/EstablishResourceStream'],
  pilot: [
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    '/keelson.workload.v1.WorkloadService/Register',
  ],
  mixer: [
    '/istio.mixer.v1.Mixer/Check',
    '/istio.mixer.v1.Mixer/Report',
    '/envoy.service.auth.v3.Authorization/Check',
    '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
    '/keelson.policy.v1.PolicyVersions/Watch',
  ],
};
