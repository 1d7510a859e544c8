import { setTimeout as pause } from 'node:timers/promises';
import type { ApplyResult, Nack, Revision } from './galley-api';
import { exitCodes, type ExitCode } from './exit';
import type { HttpClient } from './http-client';

/** How a wait for receipts ended. */
export interface WaitOutcome {
  exitCode: ExitCode;
  receipts: Revision['receipts'];
}

/**
 * Waits until every proxy that was connected at the commit has ACKed the revision; a NACK ends it at once. Of a revision that
 * this call `committed` also one that was made up for since; where nothing was new, only what is refused now counts.
 */
export async function waitForReceipts(
  galley: HttpClient,
  { revision, committed }: Pick<ApplyResult, 'revision' | 'committed'>,
  timeoutMs: number,
): Promise<WaitOutcome> {
  const deadline = Date.now() + timeoutMs;
  for (let delay = 50; ; delay = Math.min(delay * 1.5, 500)) {
    const { receipts } = (await galley.get(`/v1/revisions/${encodeURIComponent(revision)}`)) as Revision;
    const nacks = committed ? [...receipts.nacks, ...receipts.pastNacks] : receipts.nacks;
    if (nacks.length > 0) return { exitCode: exitCodes.refused, receipts: { ...receipts, nacks } };
    if (receipts.pending === 0) return { exitCode: exitCodes.done, receipts };
    if (Date.now() + delay > deadline) return { exitCode: exitCodes.timeout, receipts };
    await pause(delay);
  }
}

/** One NACK in a line: who refused what, why, and the objects that it was made of. */
function nackLine(nack: Nack): string {
  const made = nack.provenance?.length ? ` (made by ${nack.provenance.join(', ')})` : '';
  const resource = nack.resource === undefined ? '' : ` ${nack.resource}`;
  return `NACK by ${nack.proxy}: ${nack.type.replace(/^.*\./, '')}${resource}: ${nack.message}${made}`;
}

/** What a wait ended with, in words. */
export function waitLines({ exitCode, receipts }: WaitOutcome, revision: string, timeoutMs: number): string[] {
  if (exitCode === exitCodes.refused) return receipts.nacks.map(nackLine);
  if (exitCode === exitCodes.timeout)
    return [
      `revision ${revision}: ${receipts.acked} of ${receipts.proxies} proxies have it after ${timeoutMs / 1000} s, waiting for`,
      ...receipts.waitingFor.map((proxy) => `  ${proxy}`),
    ];
  const newer = receipts.superseded === undefined ? '' : ` (superseded by ${receipts.superseded})`;
  return [`revision ${revision}: ACKed by ${receipts.acked} of ${receipts.proxies} proxies${newer}`];
}
