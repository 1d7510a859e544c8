/** One resource, encoded when it was made. */
export interface Resource {
  name: string;
  /** The message's bytes, without the Any around it. */
  body: Uint8Array;
  /** Clusters by name that must have been acknowledged before this may be sent, where they exist. */
  needs?: readonly string[];
  /** Which objects and rules made it: `VirtualService default/reviews spec.http[0]`. */
  provenance?: string;
}
