import { kinds, type KindDefinition } from '@keelson/core/config';
import { usageError } from './exit';

const shortNames: Readonly<Record<string, string>> = {
  vs: 'virtualservice',
  dr: 'destinationrule',
  gw: 'gateway',
  se: 'serviceentry',
  we: 'workloadentry',
  sc: 'sidecar',
  pa: 'peerauthentication',
  ap: 'authorizationpolicy',
  mc: 'meshconfig',
};

/** The kind that a user names: in any case, singular, plural or short, with its group or without. */
export function kindNamed(name: string): KindDefinition {
  const [word = '', ...group] = name.toLowerCase().split('.');
  const wanted = shortNames[word] ?? word;
  const found = kinds.find(
    (kind) =>
      (kind.kind.toLowerCase() === wanted || kind.plural.toLowerCase() === wanted) &&
      (group.length === 0 || kind.group === group.join('.')),
  );
  if (found === undefined)
    throw usageError(`there is no kind '${name}'; there are ${kinds.map((kind) => kind.plural).join(', ')}`);
  return found;
}

/** How kinds are named where one is completed. */
export const kindWords: readonly string[] = kinds.map((kind) => kind.plural);

/** Path of a kind's objects, or of one of them, in Galley's API; without a namespace, those of all. */
export function pathOf(kind: KindDefinition, namespace: string | undefined, name?: string): string {
  const parts = ['/apis', kind.group, kind.versions[0] ?? ''];
  if (namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(kind.plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  return parts.join('/');
}
