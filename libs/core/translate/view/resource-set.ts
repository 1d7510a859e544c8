import type { Built } from '../built';

/**
 * Where a view puts what it makes: the resources of one type, replaced unit by unit. A unit is what one dependency
 * makes, such as all clusters of a host. Equal bytes change nothing.
 */
export interface ResourceSet {
  replace(tick: number, unit: string, resources: readonly Built[]): boolean;
}

/** Makes an empty set for a type URL; the label names it in debug output. */
export type MakeResourceSet<S extends ResourceSet> = (typeUrl: string, label: string) => S;
