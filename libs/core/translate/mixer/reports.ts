import type { InboundPort, InboundScope, Scope } from '@keelson/core/mesh';
import type { PolicyDemand } from '@keelson/core/policy';
import type { AccessLog } from '@keelson/api/envoy/config/accesslog/v3/accesslog';
import { ApiVersion } from '@keelson/api/envoy/config/core/v3/config_source';
import {
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
  type CommonGrpcAccessLogConfig,
} from '@keelson/api/envoy/extensions/access_loggers/grpc/v3/als';
import type { CustomTag } from '@keelson/api/envoy/type/tracing/v3/custom_tag';
import { sortedEntries } from '../order';
import { typedConfig } from '../wire';
import { portAttributes } from './attributes';
import { mixerService, mixerTargets } from './targets';
import { workloadKey } from './workload';

const als = 'envoy.extensions.access_loggers.grpc.v3';

/** Tells Mixer of the requests that came in at a port. */
export function inboundHttpReports(inbound: InboundScope, port: InboundPort): AccessLog[] {
  const { report } = mixerTargets(inbound.settings, inbound.client);
  if (port.policy?.reports !== true || report === undefined) return [];
  return [httpLog(common('inbound', report, literals(inbound, port)), port.policy)];
}

/** Tells Mixer of the connections that came in at a port. */
export function inboundTcpReports(inbound: InboundScope, port: InboundPort): AccessLog[] {
  const { report } = mixerTargets(inbound.settings, inbound.client);
  if (port.policy?.reports !== true || report === undefined) return [];
  return [tcpLog(common('inbound', report, literals(inbound, port)))];
}

/** Tells Mixer of the requests that went out from a proxy. */
export function outboundHttpReports(scope: Scope): AccessLog[] {
  const { report } = mixerTargets(scope.settings, scope.client);
  const demand = report === undefined ? undefined : scope.reports('http');
  if (demand === undefined || report === undefined) return [];
  return [httpLog(common('outbound', report, [workloadTag]), demand)];
}

/** Tells Mixer of the connections that went out from a proxy. */
export function outboundTcpReports(scope: Scope): AccessLog[] {
  const { report } = mixerTargets(scope.settings, scope.client);
  if (report === undefined || scope.reports('tcp') === undefined) return [];
  return [tcpLog(common('outbound', report, [workloadTag]))];
}

/** Which workload answered, by the metadata of its endpoint. */
const workloadTag: CustomTag = {
  tag: 'istio.workload',
  type: {
    $case: 'metadata',
    value: {
      kind: { kind: { $case: 'host', value: {} } },
      metadataKey: {
        key: workloadKey.namespace,
        path: [{ segment: { $case: 'key', value: workloadKey.key } }],
      },
    },
  },
};

function literals(inbound: InboundScope, port: InboundPort): CustomTag[] {
  return sortedEntries(portAttributes(inbound, port)).map(([tag, value]) => ({
    tag,
    type: { $case: 'literal', value: { value } },
  }));
}

function common(direction: string, cluster: string, customTags: CustomTag[]): CommonGrpcAccessLogConfig {
  return {
    logName: `istio.mixer/${direction}`,
    grpcService: mixerService(cluster),
    transportApiVersion: ApiVersion.V3,
    customTags,
  };
}

function httpLog(commonConfig: CommonGrpcAccessLogConfig, demand: PolicyDemand): AccessLog {
  return {
    name: 'envoy.access_loggers.http_grpc',
    configType: typedConfig(`${als}.HttpGrpcAccessLogConfig`, HttpGrpcAccessLogConfig, {
      commonConfig,
      additionalRequestHeadersToLog: [...demand.requestHeaders],
      additionalResponseHeadersToLog: [...demand.responseHeaders],
    }),
  };
}

function tcpLog(commonConfig: CommonGrpcAccessLogConfig): AccessLog {
  return {
    name: 'envoy.access_loggers.tcp_grpc',
    configType: typedConfig(`${als}.TcpGrpcAccessLogConfig`, TcpGrpcAccessLogConfig, { commonConfig }),
  };
}
