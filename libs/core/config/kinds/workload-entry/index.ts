import { WorkloadEntry } from '@keelson/api/istio/networking/v1alpha3/workload_entry';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { networking } from '../groups';
import { checkWorkloadEntry } from './entry';

const served: Served = {
  address: true,
  ports: true,
  labels: true,
  network: true,
  locality: true,
  weight: true,
  serviceAccount: true,
};

/** One place that serves, outside any platform that tells of it. */
export const workloadEntry = defineKind<WorkloadEntry>({
  ...networking,
  kind: 'WorkloadEntry',
  plural: 'workloadentries',
  collection: 'istio/networking/v1alpha3/workloadentries',
  typeName: 'istio.networking.v1alpha3.WorkloadEntry',
  served,
  decode: (bytes) => WorkloadEntry.decode(bytes),
  validate: ({ spec }, _, findings) => {
    checkWorkloadEntry(findings, 'spec', spec, undefined);
  },
});
