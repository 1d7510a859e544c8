import type { Logger } from '@keelson/edge/service';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretMaterial, SecretTable } from './secret-table';

/** Names of credentials: `credential://<namespace>/<name>`, and with `-cacert` for the roots that callers must have. */
const form = /^credential:\/\/([a-z0-9]([a-z0-9.-]*[a-z0-9])?)\/([a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/;
const rootSuffix = '-cacert';

/** Where a credential's files are, or undefined where the name is of another form. */
export function credentialOf(name: string): { namespace: string; name: string; roots: boolean } | undefined {
  const [, namespace, , credential] = form.exec(name) ?? [];
  if (namespace === undefined || credential === undefined || name.includes('..')) return undefined;
  const roots = credential.endsWith(rootSuffix);
  return { namespace, name: roots ? credential.slice(0, -rootSuffix.length) : credential, roots };
}

/**
 * The material in a credential's files, as they are now. Throws what is wrong with it: a certificate that a writer has put
 * in place before its key must not reach a proxy.
 */
function materialOf(files: { chain?: string; key?: string; roots?: string }): SecretMaterial {
  if (files.roots !== undefined) {
    new X509Certificate(files.roots);
    return { roots: files.roots };
  }
  const { chain = '', key = '' } = files;
  const leaf = new X509Certificate(chain);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not the one of the certificate');
  return { chain, key };
}

/** Follows the files of the credentials that proxies ask for. A file that is absent or wrong changes nothing. */
export class CredentialFiles {
  private readonly problems = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private unsubscribe: () => void = () => undefined;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly table: SecretTable,
    private readonly log: Logger,
  ) {}

  /** Looks at the files now and at each interval: folders may come, go and be swapped by a link. */
  start(intervalMs = 1_000): void {
    this.unsubscribe = this.table.onWanted((name) => void this.look([name]));
    this.timer = setInterval(() => void this.look(this.table.wantedNames()), intervalMs).unref();
    void this.look(this.table.wantedNames());
  }

  stop(): void {
    clearInterval(this.timer);
    this.unsubscribe();
  }

  private look(names: readonly string[]): Promise<void> {
    this.reading = this.reading.then(async () => {
      for (const name of names) await this.read(name);
    });
    return this.reading;
  }

  private async read(name: string): Promise<void> {
    const credential = credentialOf(name);
    if (!credential) return;
    const folder = join(this.folder, credential.namespace, credential.name);
    const file = (which: string): Promise<string> => readFile(join(folder, which), 'utf8');
    try {
      const material = credential.roots
        ? materialOf({ roots: await file('ca.crt') })
        : materialOf({ chain: await file('tls.crt'), key: await file('tls.key') });
      if (this.problems.delete(name)) this.log.info({ secret: name }, 'the credential is there now');
      this.table.put(name, material);
    } catch (error) {
      // OpenSSL's messages name a reason, never the content.
      const reason = error instanceof Error ? error.message : String(error);
      if (this.problems.get(name) === reason) return;
      this.problems.set(name, reason);
      const kept = this.table.get(name) !== undefined;
      this.log.warn(
        { secret: name, reason },
        kept ? 'the credential cannot be read; the last one stays' : 'no such credential yet',
      );
    }
  }
}
