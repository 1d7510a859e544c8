import type { KindDefinition } from '@keelson/core/config';
import { exitCodes, Failure, usageError } from '../exit';
import { Refusal } from '../http-client';
import { kindNamed, kindWords, pathOf } from '../kinds';
import { print, table } from '../output';
import type { Command, Invocation, Options } from '../command';

interface StoredObject {
  apiVersion: string;
  kind: string;
  metadata: { namespace: string; name: string; resourceVersion?: string; creationTimestamp?: string };
}

/** The flag that says where an object lives. */
export const namespaceOption = {
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'where the object lives; default unless told' },
} as const satisfies Options;

export const get: Command = {
  name: 'get',
  usage: 'KIND [NAME] [-n NAMESPACE | -A]',
  help: 'Show objects; -o yaml shows them as they were applied.',
  options: {
    ...namespaceOption,
    'all-namespaces': { type: 'boolean', short: 'A', help: 'the objects of every namespace' },
  },
  words: [kindWords],
  async run(invocation) {
    const [kindName, name, ...rest] = invocation.positionals;
    if (kindName === undefined || rest.length > 0) throw usageError('a kind is needed, and at most one name');
    const all = invocation.flag('all-namespaces');
    if (all && name !== undefined) throw usageError('-A lists; a single object is named with -n');
    const kind = kindNamed(kindName);
    const namespace = all ? undefined : namespaceOf(invocation, kind);
    const answer = await fetchObjects(invocation, kind, namespace, name);
    const objects = isList(answer) ? answer.items : [answer as StoredObject];
    print(invocation.output, answer, () =>
      objects.length === 0
        ? `no ${kind.plural} in ${namespace === undefined ? 'any namespace' : `namespace ${namespace}`}`
        : table(
            ['NAMESPACE', 'NAME', 'REVISION', 'CREATED'],
            objects.map(({ metadata }) => [
              metadata.namespace,
              metadata.name,
              metadata.resourceVersion ?? '',
              metadata.creationTimestamp ?? '',
            ]),
          ),
    );
    return exitCodes.done;
  },
};

/** The namespace that `-n` names; without it `default`, and for the settings of the mesh the root namespace. */
export function namespaceOf(invocation: Invocation, kind: KindDefinition): string {
  return invocation.text('namespace') ?? (kind.kind === 'MeshConfig' ? 'istio-system' : 'default');
}

async function fetchObjects(
  invocation: Invocation,
  kind: KindDefinition,
  namespace: string | undefined,
  name: string | undefined,
): Promise<unknown> {
  try {
    return await invocation.galley().get(pathOf(kind, namespace, name));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404)
      throw new Failure(`${kind.kind} ${namespace ?? ''}/${name ?? ''}: not found`);
    throw error;
  }
}

function isList(answer: unknown): answer is { items: StoredObject[] } {
  return Array.isArray((answer as { items?: unknown }).items);
}
