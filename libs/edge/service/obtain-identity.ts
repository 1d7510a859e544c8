import { credentials, status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { IstioCertificateRequest, IstioCertificateResponse } from '@keelson/api/istio/security/v1alpha1/ca';
import {
  makeCsr,
  parseCertificates,
  parseJoinToken,
  renewalTime,
  spkiHash,
  validityOf,
  type JoinToken,
} from '@keelson/core/pki';
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { channelCredentials } from './grpc-credentials';
import { GrpcClient } from './grpc-client';
import { grpcMethod } from './grpc-method';
import { type Logger } from './log';
import { rootByPin } from './pinned-root';
import { spiffeIdOf, StoredIdentity, isUsableMaterial } from './stored-identity';
import { SettableIdentity, type TlsIdentity, type TlsMaterial } from './tls-identity';

/** The call by which certificates are signed. */
export const createCertificate = grpcMethod(
  '/istio.v1.auth.IstioCertificateService/CreateCertificate',
  'unary',
  IstioCertificateRequest,
  IstioCertificateResponse,
);

/** The request's metadata that asks for DNS names and IP addresses in the certificate. */
export const serverNamesHeader = 'keelson-server-names';

export interface IdentityOptions {
  /** Citadel's `host:port`. */
  citadelAddress: string;
  /** The join token for the first certificate, or the file that holds it (read anew at each attempt). */
  token?: string;
  tokenFile?: string;
  /** The root that Citadel is checked against. Without one, or while there is no such file, the token's pin decides. */
  rootCertFile?: string;
  /** Where the identity is kept: `key.pem`, `cert-chain.pem`, `root-cert.pem`. */
  dir: string;
  /** DNS names and IP addresses to serve under; granted to components only. */
  serverNames?: readonly string[];
  /** The lifetime to ask for; Citadel's default without. */
  ttlMs?: number;
  /** Hears why there is no certificate yet, or no newer one. */
  onFailure?: (reason: string) => void;
  log: Logger;
}

const timeoutMs = 10_000;
const backoff = { firstMs: 200, maxMs: 10_000 };
/** Timers take no longer waits; on waking early the time is looked at again. */
const longestWaitMs = 86_400_000;

/**
 * An identity from Citadel, kept fresh for ever: first by join token, then by its current certificate, renewed before half
 * its life is gone. What is on disk is used while it is good.
 */
export function obtainIdentity(options: IdentityOptions): TlsIdentity {
  return new ObtainedIdentity(options);
}

class ObtainedIdentity extends SettableIdentity {
  readonly #stored: StoredIdentity;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #failures = 0;
  #said = '';

  constructor(readonly options: IdentityOptions) {
    super();
    this.#log = options.log;
    this.#stored = new StoredIdentity(options.dir);
    const kept = this.#stored.load(Date.now(), options.serverNames ?? []);
    if (kept === undefined) this.#schedule(0);
    else this.#use(kept);
  }

  override stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    super.stop();
  }

  #use(material: TlsMaterial): void {
    this.set(material);
    const [leaf] = parseCertificates(material.chain);
    if (leaf !== undefined) this.#schedule(renewalTime(validityOf(leaf), Math.random()) - Date.now());
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        if (delayMs > longestWaitMs) this.#schedule(delayMs - longestWaitMs);
        else void this.#renew();
      },
      Math.max(0, Math.min(delayMs, longestWaitMs)),
    );
  }

  async #renew(): Promise<void> {
    try {
      const material = await this.#obtain();
      if (this.#stopped) return;
      this.#stored.save(material);
      this.#failures = 0;
      this.#said = '';
      this.#log.info({ identity: spiffeIdOf(material) }, 'obtained a certificate');
      this.#use(material);
    } catch (error) {
      if (this.#stopped) return;
      const text = messageOf(error);
      if (text !== this.#said)
        this.#log.warn({ citadel: this.options.citadelAddress, reason: text }, 'no certificate yet; trying again');
      this.#said = text;
      this.options.onFailure?.(text);
      const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** this.#failures++);
      this.#schedule(ceiling * (0.5 + 0.5 * Math.random()));
    }
  }

  async #obtain(): Promise<TlsMaterial> {
    const current = this.#currentIfGood();
    if (current !== undefined) {
      try {
        const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
        return await this.#request(privateKey, channelCredentials(new SettableIdentity(current)));
      } catch (error) {
        // Only where Citadel does not know the certificate any more does a token help.
        if ((error as Partial<ServiceError>).code !== status.UNAUTHENTICATED || !this.#hasToken()) throw error;
      }
    }
    const token = this.#token();
    const roots = await this.#citadelRoots(token);
    return this.#request(this.#stored.joinKey(), credentials.createSsl(Buffer.from(roots)), token.text);
  }

  #currentIfGood(): TlsMaterial | undefined {
    try {
      const current = this.current();
      return isUsableMaterial(current, Date.now()) ? current : undefined;
    } catch {
      return undefined;
    }
  }

  async #request(key: KeyObject, channel: ChannelCredentials, token?: string): Promise<TlsMaterial> {
    const { serverNames = [], ttlMs } = this.options;
    const metadata: Record<string, string> = {};
    if (serverNames.length > 0) metadata[serverNamesHeader] = serverNames.join(',');
    if (token !== undefined) metadata.authorization = `Bearer ${token}`;
    const client = new GrpcClient(this.options.citadelAddress, channel);
    let certChain: string[];
    try {
      const request = { csr: makeCsr(key), validityDuration: ttlMs === undefined ? 0 : Math.ceil(ttlMs / 1000) };
      certChain = (await client.unary(createCertificate, request, { metadata, timeoutMs })).certChain ?? [];
    } finally {
      client.close();
    }
    const material = {
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      chain: certChain.slice(0, -1).join(''),
      roots: certChain.at(-1) ?? '',
    };
    if (!isUsableMaterial(material, Date.now()) || spkiOfLeaf(material) !== spkiHash(createPublicKey(key)))
      throw new Error('Citadel answered with a certificate that cannot be used (do the clocks agree?)');
    return material;
  }

  #hasToken(): boolean {
    try {
      this.#token();
      return true;
    } catch {
      return false;
    }
  }

  #token(): JoinToken & { text: string } {
    const { token, tokenFile } = this.options;
    const text = (token ?? (tokenFile === undefined ? undefined : readOrExplain(tokenFile)))?.trim();
    if (text === undefined || text === '')
      throw new Error('there is neither a certificate that is good nor a join token');
    return { ...parseJoinToken(text), text };
  }

  async #citadelRoots(token: JoinToken): Promise<string> {
    const { rootCertFile, citadelAddress } = this.options;
    const fromFile = rootCertFile === undefined ? undefined : readIfThere(rootCertFile);
    if (fromFile === undefined) return rootByPin(citadelAddress, token.rootPin, timeoutMs);
    if (!parseCertificates(fromFile).some((root) => spkiHash(root.publicKey) === token.rootPin))
      throw new Error(`the join token is pinned to another root than ${rootCertFile}; it was not sent`);
    return fromFile;
  }
}

function spkiOfLeaf({ chain }: TlsMaterial): string | undefined {
  const [leaf] = parseCertificates(chain);
  return leaf === undefined ? undefined : spkiHash(leaf.publicKey);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function readOrExplain(file: string): string {
  const text = readIfThere(file);
  if (text === undefined) throw new Error(`waiting for the join token in ${file}`);
  return text;
}

function messageOf(error: unknown): string {
  const { code, details } = error as Partial<ServiceError>;
  if (code !== undefined && details !== undefined) return `${status[code]}: ${details}`;
  return error instanceof Error ? error.message : String(error);
}
