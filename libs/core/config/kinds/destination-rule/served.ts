import type { Served } from '../../served';

const settings: Served = {
  loadBalancer: { simple: true },
  connectionPool: {
    tcp: { maxConnections: true, connectTimeout: true, tcpKeepalive: true, idleTimeout: true },
    http: {
      http1MaxPendingRequests: true,
      http2MaxRequests: true,
      maxRequestsPerConnection: true,
      maxRetries: true,
      idleTimeout: true,
    },
  },
  outlierDetection: {
    consecutiveErrors: true,
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailures: true,
    consecutiveGatewayErrors: true,
    consecutive5xxErrors: true,
    interval: true,
    baseEjectionTime: true,
    maxEjectionPercent: true,
    minHealthPercent: true,
  },
  tls: { mode: ['DISABLE', 'SIMPLE', 'ISTIO_MUTUAL'], sni: true, subjectAltNames: true },
};

const trafficPolicy: Served = { ...settings, portLevelSettings: { port: true, ...settings } };

export const served: Served = {
  host: true,
  exportTo: true,
  trafficPolicy,
  subsets: { name: true, labels: true, trafficPolicy },
};
