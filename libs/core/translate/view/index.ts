export { ViewRegistry, type ProxySets } from './view-registry';
export type { MakeResourceSet, ResourceSet } from './resource-set';
