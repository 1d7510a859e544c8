export { RegisteredWorkloads, workloadMethods } from './registered';
export type {
  Kept,
  LeaseFile,
  RegisteredWorkloadsOptions,
  WorkloadChanges,
  WorkloadsListener,
  WorkloadsReport,
} from './registered';
