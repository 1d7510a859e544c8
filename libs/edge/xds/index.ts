export {
  type NewStream,
  type Progress,
  type ProxyView,
  type RefusedResource,
  type Refusal,
  type XdsHandler,
  XdsRefusal,
} from './handler';
export { ResourceLayer, StoredResource } from './layer';
export { type Resource } from './resource';
export { XdsServer, type XdsOptions } from './server';
export type { ChannelState, StreamState } from './state';
export { clusterType, endpointType, hostType, listenerType, routeType, secretType } from './type-urls';
