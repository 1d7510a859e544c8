/** An object of Mixer's configuration with its spec decoded. */
export interface PolicyObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: unknown;
}

/** `rule istio-system/promhttp`, as users and problems name an object. */
export function titleOf({ kind, namespace, name }: PolicyObject): string {
  return `${kind} ${namespace}/${name}`;
}
