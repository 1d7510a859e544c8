import type { ClientProfile, Scope, Service } from '@keelson/core/mesh';
import type { Built } from '../built';
import { clusters } from '../clusters/outbound';
import { staticClusters } from '../clusters/static';
import { loadAssignments, type Place } from '../endpoints/load-assignment';
import { grpcClusters } from '../grpc/clusters';
import { grpcLoadAssignments } from '../grpc/endpoints';

/** What a kind of client is given of clusters and endpoints. */
export interface ServiceResources {
  /** The clusters that depend on no service. */
  fixed(scope: Scope): Built[];
  clusters(scope: Scope, service: Service): Built[];
  endpoints(scope: Scope, service: Service, at: Place): Built[];
}

export const serviceResources: Readonly<Record<ClientProfile['kind'], ServiceResources>> = {
  envoy: { fixed: staticClusters, clusters, endpoints: loadAssignments },
  grpc: { fixed: () => [], clusters: grpcClusters, endpoints: grpcLoadAssignments },
};
