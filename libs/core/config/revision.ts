/** The name of a position in the log: `<epoch>-<sequence>`. */
export function revisionName(epoch: string, seq: number): string {
  return `${epoch}-${String(seq)}`;
}

/** Takes a revision's name apart; undefined if it is none. The sequence is what follows the last dash. */
export function parseRevision(revision: string): { epoch: string; seq: number } | undefined {
  const [, epoch, digits] = /^(.+)-(\d{1,15})$/.exec(revision) ?? [];
  return epoch === undefined || digits === undefined ? undefined : { epoch, seq: Number(digits) };
}
