import type { InboundPort, InboundScope } from '@keelson/core/mesh';
import { ApiVersion } from '@keelson/api/envoy/config/core/v3/config_source';
import type { Filter } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { ExtAuthz, ExtAuthzPerRoute } from '@keelson/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz';
import { ExtAuthz as NetworkExtAuthz } from '@keelson/api/envoy/extensions/filters/network/ext_authz/v3/ext_authz';
import type { HttpFilter } from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import type { Any } from '@keelson/api/google/protobuf/any';
import { StatusCode } from '@keelson/api/envoy/type/v3/http_status';
import { sortedEntries } from '../order';
import { anyOf, typedConfig } from '../wire';
import { checkExtensions } from './attributes';
import { hearPeer, peerNamespace } from './peer-attributes';
import { mixerService, mixerTargets } from './targets';

const checkFilter = 'envoy.filters.http.ext_authz';
const http = 'envoy.extensions.filters.http.ext_authz.v3';

/** The filters by which requests to a port are checked, and heard of what their callers say; none where no rule may want it. */
export function httpChecks(inbound: InboundScope, port: InboundPort): { first: HttpFilter[]; last: HttpFilter[] } {
  const { policy } = port;
  const { check, report } = mixerTargets(inbound.settings, inbound.client);
  if (policy === undefined || (check === undefined && report === undefined)) return { first: [], last: [] };
  if (!policy.checks || check === undefined) return { first: [hearPeer], last: [] };
  const config: ExtAuthz = {
    services: { $case: 'grpcService', value: mixerService(check) },
    transportApiVersion: ApiVersion.V3,
    failureModeAllow: inbound.settings.config.policyCheckFailOpen === true,
    statusOnError: { code: StatusCode.ServiceUnavailable },
    metadataContextNamespaces: [peerNamespace],
    statPrefix: 'mixer',
  };
  return {
    first: [hearPeer],
    last: [{ name: checkFilter, configType: typedConfig(`${http}.ExtAuthz`, ExtAuthz, config) }],
  };
}

/** What the route of a port tells its check. */
export function checkOverrides(inbound: InboundScope, port: InboundPort): Record<string, Any> | undefined {
  if (port.policy?.checks !== true || mixerTargets(inbound.settings, inbound.client).check === undefined)
    return undefined;
  const contextExtensions = Object.fromEntries(sortedEntries(checkExtensions(inbound, port)));
  return {
    [checkFilter]: anyOf(`${http}.ExtAuthzPerRoute`, ExtAuthzPerRoute, {
      override: { $case: 'checkSettings', value: { contextExtensions } },
    }),
  };
}

/** The filter by which connections to a port are checked. */
export function networkChecks(inbound: InboundScope, port: InboundPort): Filter[] {
  const { check } = mixerTargets(inbound.settings, inbound.client);
  if (port.policy?.checks !== true || check === undefined) return [];
  const config: NetworkExtAuthz = {
    statPrefix: 'mixer',
    grpcService: mixerService(check),
    failureModeAllow: inbound.settings.config.policyCheckFailOpen === true,
    transportApiVersion: ApiVersion.V3,
  };
  const type = 'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz';
  return [{ name: 'envoy.filters.network.ext_authz', configType: typedConfig(type, NetworkExtAuthz, config) }];
}
