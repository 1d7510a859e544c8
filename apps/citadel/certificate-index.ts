import { type LedgerEntry } from './ledger-entry';

const mostEntries = 100_000;

/** The certificates that are good now, by what the ledger says; the oldest are forgotten first when there are too many. */
export class CertificateIndex {
  readonly #bySerial = new Map<string, LedgerEntry>();

  add(entry: LedgerEntry): void {
    if (entry.event === 'revoked') this.#bySerial.delete(entry.serial);
    else this.#bySerial.set(entry.serial, entry);
    if (this.#bySerial.size <= mostEntries) return;
    for (const serial of this.#bySerial.keys()) {
      this.#bySerial.delete(serial);
      if (this.#bySerial.size <= mostEntries * 0.9) break;
    }
  }

  /** Those that have not expired, of one identity or of all. */
  list(now: number, identity?: string): LedgerEntry[] {
    const good: LedgerEntry[] = [];
    for (const [serial, entry] of this.#bySerial) {
      if (Date.parse(entry.notAfter) <= now) this.#bySerial.delete(serial);
      else if (identity === undefined || entry.identity === identity) good.push(entry);
    }
    return good;
  }
}
