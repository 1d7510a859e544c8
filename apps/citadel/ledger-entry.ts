/** What happened to a certificate. */
export type LedgerEvent = 'issued' | 'renewed' | 'revoked';

/** One line of the ledger, as it stands in the stream and in the file of what waits for it. */
export interface LedgerEntry {
  format: 1;
  id: string;
  event: LedgerEvent;
  time: string;
  identity: string;
  /** Serial number in hex. */
  serial: string;
  notBefore: string;
  notAfter: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, hex. */
  spki: string;
  /** Who asked: `token:<id>`, `certificate:<serial>` or `citadel`. */
  caller: string;
}

/** Reads an entry; undefined for a line that was torn by a crash, or is of another format. */
export function parseLedgerEntry(text: string): LedgerEntry | undefined {
  try {
    const entry = JSON.parse(text) as Partial<LedgerEntry> | null;
    const whole =
      entry?.format === 1 &&
      typeof entry.id === 'string' &&
      typeof entry.serial === 'string' &&
      typeof entry.identity === 'string';
    return whole && ['issued', 'renewed', 'revoked'].includes(entry.event ?? '') ? (entry as LedgerEntry) : undefined;
  } catch {
    return undefined;
  }
}
