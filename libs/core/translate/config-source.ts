import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSource,
} from '@keelson/api/envoy/config/core/v3/config_source';
import { noTimeout } from './durations';

/** From the stream that everything comes by; waits for ever, since what is served goes on meanwhile. */
export const fromAds: ConfigSource = {
  configSourceSpecifier: { $case: 'ads', value: {} },
  initialFetchTimeout: noTimeout,
  resourceApiVersion: ApiVersion.V3,
};

/** Virtual hosts from the same stream; after Envoy's own limit a listener does without rather than stay closed. */
export const hostsFromAds: ConfigSource = {
  configSourceSpecifier: { $case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
};

/** Secrets from the agent. */
export const fromAgent: ConfigSource = {
  configSourceSpecifier: {
    $case: 'apiConfigSource',
    value: {
      apiType: ApiConfigSource_ApiType.GRPC,
      transportApiVersion: ApiVersion.V3,
      setNodeOnFirstMessageOnly: true,
      grpcServices: [{ targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: 'sds-grpc' } } }],
    },
  },
  initialFetchTimeout: noTimeout,
  resourceApiVersion: ApiVersion.V3,
};
