/** What a rule refers to: an instance or a handler. */
export interface PolicyReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What a name in a rule means: `name`, `name.kind`, `name.namespace` or `name.kind.namespace`. What is not said is the
 * usual kind, and the rule's own namespace. In two parts the second is a kind where there is one of that name.
 */
export function resolveReference(
  text: string,
  usualKind: string,
  namespace: string,
  isKind: (word: string) => boolean,
): PolicyReference {
  const [name = '', second, ...rest] = text.split('.');
  if (second === undefined) return { name, kind: usualKind, namespace };
  if (rest.length > 0) return { name, kind: second, namespace: rest.join('.') };
  return isKind(second) ? { name, kind: second, namespace } : { name, kind: usualKind, namespace: second };
}

/** `requestcount.metric.istio-system`, as adapters' settings name an instance. */
export function instanceName({ kind, namespace, name }: PolicyReference): string {
  return `${name}.${kind}.${namespace}`;
}

/** `denyall.istio-system`, as messages name a handler; with the kind between where it is an old one. */
export function handlerName({ kind, namespace, name }: PolicyReference): string {
  return kind === 'handler' ? `${name}.${namespace}` : `${name}.${kind}.${namespace}`;
}
