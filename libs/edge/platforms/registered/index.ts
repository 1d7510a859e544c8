export { RegisteredWorkloads } from './registered-workloads';
export type { RegisteredWorkloadsOptions, WorkloadsListener, WorkloadsReport } from './registered-workloads';
export type { Kept, WorkloadChanges } from './lease-book';
export type { LeaseFile } from './lease-store';
export { workloadMethods } from './register-service';
