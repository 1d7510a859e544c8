import type { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { Filter } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { HTTPFault } from '@keelson/api/envoy/extensions/filters/http/fault/v3/fault';
import { Router } from '@keelson/api/envoy/extensions/filters/http/router/v3/router';
import {
  HttpConnectionManager,
  HttpConnectionManager_ForwardClientCertDetails as ForwardCert,
  HttpConnectionManager_PathWithEscapedSlashesAction as Slashes,
  type HttpFilter,
} from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import { accessLog } from './access-log';
import { fromAds } from './config-source';
import { noTimeout } from './durations';
import { faultFilter, faultType } from './routes/fault';
import { typedConfig } from './wire';

/** The filter that does nothing until a route configures a fault. */
export const faults: HttpFilter = { name: faultFilter, configType: typedConfig(faultType, HTTPFault, {}) };

/** The filter that sends on; always the last. */
export const router: HttpFilter = {
  name: 'envoy.filters.http.router',
  configType: typedConfig('envoy.extensions.filters.http.router.v3.Router', Router, {}),
};

/** Says to the upstream who called, by his certificate, and drops what the caller said of himself. */
export const tellCaller: HttpConnectionManager = {
  forwardClientCertDetails: ForwardCert.SANITIZE_SET,
  setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
};

/** The HTTP connection manager of a filter chain; `filters` run before the router. */
export function httpConnection(
  config: MeshConfig,
  statPrefix: string,
  route: HttpConnectionManager['routeSpecifier'],
  filters: readonly HttpFilter[],
  own: HttpConnectionManager,
): Filter {
  const manager: HttpConnectionManager = {
    statPrefix,
    routeSpecifier: route,
    httpFilters: [...filters, router],
    useRemoteAddress: false,
    generateRequestId: true,
    normalizePath: true,
    pathWithEscapedSlashesAction: Slashes.KEEP_UNCHANGED,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    // A stream may be silent for long; what limits it is the rule's timeout.
    streamIdleTimeout: noTimeout,
    ...own,
    accessLog: [...accessLog(config), ...(own.accessLog ?? [])],
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    configType: typedConfig(
      'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      HttpConnectionManager,
      manager,
    ),
  };
}

/** A route configuration that comes by the stream. */
export function discovered(routeConfigName: string): HttpConnectionManager['routeSpecifier'] {
  return { $case: 'rds', value: { configSource: fromAds, routeConfigName } };
}
