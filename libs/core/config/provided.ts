import { coveringHosts } from './names';
import type { Reference } from './kind';

/** The name that a service gives to others. */
export function providedHost(host: string): string {
  return `host ${host}`;
}

/** The name that a DestinationRule gives to others for each of its subsets. */
export function providedSubset(host: string, subset: string): string {
  return `subset ${subset} of ${host}`;
}

/** The name that a Gateway gives to others; `name` is `namespace/name`. */
export function providedGateway(name: string): string {
  return `Gateway ${name}`;
}

/** A host that may be served outside the mesh: it is missed, and not refused. */
export function referenceToHost(field: string, host: string): Reference {
  return { field, title: `host ${host}`, names: coveringHosts(host).map(providedHost), required: false };
}

/** A subset that a DestinationRule for the host, or for a wildcard that covers it, must have. */
export function referenceToSubset(field: string, host: string, subset: string): Reference {
  const names = coveringHosts(host).map((covering) => providedSubset(covering, subset));
  return { field, title: `subset ${subset} of ${host} in a DestinationRule`, names, required: true };
}

/** A Gateway, as `namespace/name`. */
export function referenceToGateway(field: string, name: string): Reference {
  return { field, title: `Gateway ${name}`, names: [providedGateway(name)], required: true };
}
