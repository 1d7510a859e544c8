import {
  isUsableMaterial,
  makePrivateDir,
  writePrivateFile,
  type Logger,
  type TlsMaterial,
} from '@keelson/edge/service';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dueTime, issueMaterial } from './issued-identity';
import { type Issuer } from './issuer';
import { type TokenStore } from './token-store';

/** The components that join by a token from the folder. */
const components = ['galley', 'pilot', 'mixer'];
const tokenUses = 1000;
const tokenTtlMs = 3650 * 86_400_000;
/** A try may sign certificates that cannot be written down, and each is an entry of the ledger. */
const retryMs = 10_000;

export interface BootstrapOptions {
  dir: string;
  issuer: Issuer;
  tokens: TokenStore;
  trustDomain: string;
  rootNamespace: string;
  /** The names of the NATS server's certificate. */
  natsNames: readonly string[];
  log: Logger;
}

/** The folder that lets the others start: root certificate, tokens of the components, certificates of operator and NATS. */
export class BootstrapFolder {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(readonly options: BootstrapOptions) {}

  /** Writes what is missing or worn out, and again whenever a certificate has used up half its life. */
  async start(): Promise<void> {
    const { dir, issuer, tokens, rootNamespace } = this.options;
    makePrivateDir(dir);
    this.#keep('root-cert.pem', issuer.authority.roots);
    for (const serviceAccount of components) {
      const file = `${serviceAccount}.token`;
      if (tokens.usable(this.#read(file))) continue;
      const { token } = tokens.create({ namespace: rootNamespace, serviceAccount, uses: tokenUses, ttlMs: tokenTtlMs });
      this.#keep(file, `${token}\n`);
    }
    const due = [await this.#certificate('operator', []), await this.#certificate('nats', this.options.natsNames)];
    this.#next(Math.max(1_000, Math.min(...due) - Date.now()));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #next(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => {
        this.start().catch((error: unknown) => {
          this.options.log.error({ err: error }, 'the bootstrap folder could not be renewed');
          this.#next(retryMs);
        });
      },
      // A lifetime of weeks is longer than a timer can be.
      Math.min(delayMs, 86_400_000),
    );
  }

  /** Sees to one certificate, and tells when it is due again. */
  async #certificate(serviceAccount: string, serverNames: readonly string[]): Promise<number> {
    const { issuer, trustDomain, rootNamespace } = this.options;
    const names = [`spiffe://${trustDomain}/ns/${rootNamespace}/sa/${serviceAccount}`, ...serverNames];
    const kept: TlsMaterial = {
      key: this.#read(`${serviceAccount}-key.pem`),
      chain: this.#read(`${serviceAccount}-cert.pem`),
      roots: issuer.authority.roots,
    };
    if (isUsableMaterial(kept, Date.now(), names) && dueTime(kept, 1) > Date.now()) return dueTime(kept, 1);
    const identity = { trustDomain, namespace: rootNamespace, serviceAccount };
    const made = await issueMaterial(issuer, { identity, serverNames, ttlMs: issuer.rules.maxMs });
    this.#keep(`${serviceAccount}-key.pem`, made.key);
    this.#keep(`${serviceAccount}-cert.pem`, made.chain);
    return dueTime(made, 1);
  }

  #read(file: string): string {
    try {
      return readFileSync(join(this.options.dir, file), 'utf8');
    } catch {
      return '';
    }
  }

  #keep(file: string, text: string): void {
    if (this.#read(file) !== text) writePrivateFile(join(this.options.dir, file), text);
  }
}
