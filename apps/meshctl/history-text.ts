import type { CommitEntry, SnapshotInfo } from './galley-api';
import { table } from './output';

/** What is known of the commits before the oldest one that is shown. */
export type Older = 'beyond-limit' | NonNullable<SnapshotInfo['history']>['earlier'];

/** Commits as `meshctl history` shows them. */
export interface ShownHistory {
  /** Newest first. */
  revisions: readonly CommitEntry[];
  older: Older;
  /** The sequence of the oldest commit that Galley remembers. */
  from: number;
}

const shownTitles = 2;
const longestTitle = 60;
const longestReason = 30;

/** Commits for people; `ofObject` where they are those of one object, which then needs no name. */
export function historyText({ revisions, older, from }: ShownHistory, ofObject: boolean): string {
  const rows = revisions.map(({ revision, time, author, reason, changes }) => [
    plain(revision),
    timeText(time),
    authorText(author),
    shorten(plain(reason), longestReason),
    ofObject ? changes.map(({ op }) => plain(op)).join(', ') : changesText(changes),
  ]);
  const header = ['REVISION', 'TIME', 'AUTHOR', 'REASON', ofObject ? 'CHANGE' : 'CHANGES'];
  const shown =
    rows.length > 0
      ? table(header, rows)
      : ofObject
        ? 'no commit that is known has changed it'
        : 'the log has no commit';
  return [shown, ...olderLines(older, from)].join('\n');
}

function olderLines(older: Older, from: number): string[] {
  switch (older) {
    case 'none':
      return [];
    case 'beyond-limit':
      return ['(there are older ones; --limit shows more)'];
    case 'compacted':
      return [
        `(the log was compacted: commits before sequence ${from} are not in it any more, and what is created here may be older)`,
      ];
    case 'forgotten':
      return [`(commits before sequence ${from} are in the log, and this Galley does not remember them)`];
  }
}

/** `created ServiceEntry shop/a`; of many `configured 5: ServiceEntry shop/a, Gateway shop/b, +3`. */
export function changesText(changes: CommitEntry['changes']): string {
  const titles = new Map<string, string[]>();
  for (const { op, kind, namespace, name } of changes) {
    const title = shorten(plain(`${kind} ${namespace}/${name}`), longestTitle);
    const known = titles.get(op);
    if (known) known.push(title);
    else titles.set(op, [title]);
  }
  return [...titles].map(([op, of]) => opText(plain(op), of)).join('; ');
}

function opText(op: string, titles: readonly string[]): string {
  if (titles.length === 1) return `${op} ${titles.join()}`;
  const more = titles.length - shownTitles;
  return `${op} ${titles.length}: ${[...titles.slice(0, shownTitles), ...(more > 0 ? [`+${more}`] : [])].join(', ')}`;
}

/** To the second, which is what people compare. */
function timeText(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? plain(time) : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `istio-system/operator` of a SPIFFE id. */
function authorText(author: string): string {
  const [, namespace, account] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(author) ?? [];
  return plain(namespace !== undefined && account !== undefined ? `${namespace}/${account}` : author) || '-';
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Whoever wrote the log must not steer a reader's terminal. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}
