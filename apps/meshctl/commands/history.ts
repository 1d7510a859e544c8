import { objectTitle, type ObjectRef } from '@keelson/core/config';
import { exitCodes, Failure, usageError } from '../exit';
import type { CommitEntry, SnapshotInfo } from '../galley-api';
import { historyText, type ShownHistory } from '../history-text';
import type { HttpClient } from '../http-client';
import { kindNamed, kindWords } from '../kinds';
import { print } from '../output';
import type { Command, Invocation } from '../command';
import { namespaceOf, namespaceOption } from './get';

const usualLimit = 20;
/** How many commits are asked for at once: one may have thousands of changes. */
const pageSize = 200;

export const history: Command = {
  name: 'history',
  usage: '[KIND NAME [-n NAMESPACE]] [--limit N]',
  help: 'Show the commits of the log, newest first, or those that changed one object.',
  options: {
    ...namespaceOption,
    limit: { type: 'string', value: 'COUNT', help: `how many commits to show at most; ${usualLimit} unless told` },
  },
  words: [kindWords],
  async run(invocation) {
    const object = objectOf(invocation);
    const limit = limitOf(invocation.text('limit'));
    const { output } = invocation;
    const shown = await fetchHistory(invocation.galley(), limit, object);
    if (object && shown.revisions.length === 0 && shown.older === 'none')
      throw new Failure(`${objectTitle(object)}: no commit of the log has changed it`);
    const { revisions, older } = shown;
    print(output, { revisions, older }, () => historyText(shown, object !== undefined));
    return exitCodes.done;
  },
};

function objectOf(invocation: Invocation): ObjectRef | undefined {
  const [kindName, name, ...rest] = invocation.positionals;
  if (kindName === undefined) {
    if (invocation.text('namespace') !== undefined) throw usageError('-n goes with a kind and a name');
    return undefined;
  }
  const kind = kindNamed(kindName);
  if (name === undefined || rest.length > 0) throw usageError('a kind and a name are needed, or neither');
  return { kind: kind.kind, namespace: namespaceOf(invocation, kind), name };
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return usualLimit;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageError(`--limit: '${text}' is no count; write a whole number from 1`);
}

async function fetchHistory(galley: HttpClient, limit: number, object: ObjectRef | undefined): Promise<ShownHistory> {
  const { history: start } = (await galley.get('/v1/snapshot')) as SnapshotInfo;
  if (start === undefined) throw new Failure('this Galley is older than meshctl and does not tell of one object');
  const found: CommitEntry[] = [];
  // One more than is shown tells whether there are older ones.
  while (found.length <= limit) {
    const size = Math.min(limit + 1 - found.length, pageSize);
    const query = new URLSearchParams({ limit: String(size), ...object });
    const oldest = found.at(-1);
    if (oldest) query.set('before', String(oldest.sequence));
    const page = (await galley.get(`/v1/revisions?${query.toString()}`)) as CommitEntry[];
    found.push(...page);
    if (page.length < size) break;
  }
  const revisions = found.slice(0, limit);
  return { revisions, older: found.length > limit ? 'beyond-limit' : start.earlier, from: start.from };
}
