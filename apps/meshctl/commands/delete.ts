import { usageError } from '../exit';
import type { ApplyResult } from '../galley-api';
import { kindNamed, kindWords, pathOf } from '../kinds';
import type { Command, Invocation } from '../command';
import { commit, commitOptions, postDocuments, requestedDocuments } from './commit';
import { namespaceOf, namespaceOption } from './get';

export const remove: Command = {
  name: 'delete',
  usage: 'KIND NAME [-n NAMESPACE] | -f FILE|DIR|-  [--wait [--timeout 30s]]',
  help: 'Delete one object, or all that files name, as one commit.',
  options: { ...commitOptions, ...namespaceOption },
  words: [kindWords],
  run(invocation) {
    if (invocation.texts('file').length > 0) {
      const documents = requestedDocuments(invocation);
      return commit(invocation, (galley) => postDocuments(galley, '/v1/delete', documents));
    }
    const path = pathOfObject(invocation);
    return commit(invocation, async (galley) => (await galley.call(path, { method: 'DELETE' })) as ApplyResult);
  },
};

function pathOfObject(invocation: Invocation): string {
  const [kindName, name, ...rest] = invocation.positionals;
  if (kindName === undefined || name === undefined || rest.length > 0)
    throw usageError('a kind and a name are needed, or -f');
  const kind = kindNamed(kindName);
  return pathOf(kind, namespaceOf(invocation, kind), name);
}
