import type { Served } from '../../served';

export const served: Served = {
  hosts: true,
  gateways: true,
  exportTo: true,
  http: {
    name: true,
    match: {
      name: true,
      uri: true,
      scheme: true,
      method: true,
      authority: true,
      headers: true,
      withoutHeaders: true,
      queryParams: true,
      ignoreUriCase: true,
      port: true,
      gateways: true,
    },
    route: { destination: true, weight: true, headers: true },
    redirect: { uri: true, authority: true, port: true, derivePort: true, scheme: true, redirectCode: true },
    directResponse: true,
    rewrite: true,
    timeout: true,
    retries: { attempts: true, perTryTimeout: true, retryOn: true, retryIgnorePreviousHosts: true, backoff: true },
    fault: {
      delay: { percent: true, percentage: true, fixedDelay: true },
      abort: { percentage: true, httpStatus: true, grpcStatus: true },
    },
    headers: true,
  },
};
