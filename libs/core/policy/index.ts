export {
  defineAdapter,
  type Adapter,
  type AdapterLog,
  type AdapterTable,
  type DirectResponse,
  type Grant,
  type Handler,
  type HandlerEnvironment,
  type HandlerProblem,
  type Instance,
  type InstanceDescription,
  type InstanceTypes,
  type InstanceValues,
  type QuotaAsk,
  type ReportProblem,
  type Verdict,
} from './adapter';
export { check, quota, ReportDispatch, type CheckOutcome, type HeaderOperation, type OpenHandlers } from './dispatch';
export { DispatchError } from './dispatch-error';
export { demandOf, mayMatch, noDemand, type PolicyDemand } from './demand';
export { compilePolicy, type PolicyPlan } from './plan';
export type { PolicyObject } from './object';
export type { CompiledRule, HandlerPlan } from './rule';
export { durationSchema, milliseconds, readSettings } from './settings';
export type { Template, Variety } from './template';
export { templateByName, templates } from './templates';
