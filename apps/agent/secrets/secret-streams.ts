import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@keelson/api/envoy/service/discovery/v3/discovery';
import { secretTypeUrl, type SecretResource, type SecretTable } from './secret-table';

/** A request that no proxy of ours would send; it ends the stream. */
export class BadSecretRequest extends Error {}

/** What happens on a stream that people should know. */
export interface SecretStreamEvents {
  refused(names: readonly string[], reason: string): void;
  waiting(name: string): void;
}

const mostNames = 1_000;

/** What both forms of the protocol have in common: names, and who hears of their change. */
abstract class SecretStream {
  protected readonly names = new Set<string>();
  private readonly unsubscribe: () => void;
  private nonce = 0;

  constructor(
    protected readonly table: SecretTable,
    protected readonly events: SecretStreamEvents,
  ) {
    this.unsubscribe = table.onChange((name) => {
      if (this.names.has(name)) this.changed(name);
    });
  }

  close(): void {
    this.unsubscribe();
    for (const name of this.names) this.table.release(name);
    this.names.clear();
  }

  protected abstract changed(name: string): void;

  protected subscribe(name: string): void {
    if (this.names.has(name)) return;
    if (this.names.size >= mostNames) throw new BadSecretRequest(`more than ${mostNames} secrets on one stream`);
    this.names.add(name);
    this.table.want(name);
    if (!this.table.get(name)) this.events.waiting(name);
  }

  protected unsubscribeFrom(name: string): void {
    if (this.names.delete(name)) this.table.release(name);
  }

  protected known(names: Iterable<string>): SecretResource[] {
    return [...names].flatMap((name) => this.table.get(name) ?? []);
  }

  protected nextNonce(): string {
    return String(++this.nonce);
  }

  protected get lastNonce(): string {
    return String(this.nonce);
  }

  protected checkType(typeUrl: string | undefined): void {
    if (typeUrl && typeUrl !== secretTypeUrl)
      throw new BadSecretRequest(`only secrets are served here, not ${typeUrl}`);
  }
}

/**
 * StreamSecrets: state of the world. A name whose secret is not known is not answered: a proxy that waits is better than
 * one that took an empty secret.
 */
export class StateStream extends SecretStream {
  constructor(
    table: SecretTable,
    events: SecretStreamEvents,
    private readonly send: (response: DiscoveryResponse) => void,
  ) {
    super(table, events);
  }

  receive(request: DiscoveryRequest): void {
    this.checkType(request.typeUrl);
    const nonce = request.responseNonce ?? '';
    // An answer to what has been replaced since says nothing about what is current.
    if (nonce !== '' && nonce !== this.lastNonce) return;
    if (request.errorDetail) this.events.refused([...this.names], request.errorDetail.message ?? '');
    const asked = new Set(request.resourceNames ?? []);
    const added = [...asked].filter((name) => !this.names.has(name));
    for (const name of [...this.names]) if (!asked.has(name)) this.unsubscribeFrom(name);
    // Known secrets that come in by another name at this moment are sent once, below.
    for (const name of added) this.subscribe(name);
    if (added.some((name) => this.table.get(name))) this.answer();
  }

  protected override changed(): void {
    this.answer();
  }

  private answer(): void {
    const secrets = this.known(this.names);
    this.send({
      typeUrl: secretTypeUrl,
      versionInfo: secrets.map(({ version }) => version).join('.'),
      nonce: this.nextNonce(),
      resources: secrets.map(({ body }) => ({ typeUrl: secretTypeUrl, value: body })),
    });
  }
}

/** DeltaSecrets: each secret by itself. A name that is subscribed is always answered once its secret is known. */
export class DeltaStream extends SecretStream {
  private readonly sent = new Map<string, readonly string[]>();

  constructor(
    table: SecretTable,
    events: SecretStreamEvents,
    private readonly send: (response: DeltaDiscoveryResponse) => void,
  ) {
    super(table, events);
  }

  receive(request: DeltaDiscoveryRequest): void {
    this.checkType(request.typeUrl);
    const nonce = request.responseNonce ?? '';
    if (nonce !== '') {
      if (request.errorDetail) this.events.refused(this.sent.get(nonce) ?? [], request.errorDetail.message ?? '');
      this.sent.delete(nonce);
    }
    const subscribed = request.resourceNamesSubscribe ?? [];
    for (const name of request.resourceNamesUnsubscribe ?? []) this.unsubscribeFrom(name);
    for (const name of subscribed) this.subscribe(name);
    this.answer(subscribed);
  }

  protected override changed(name: string): void {
    this.answer([name]);
  }

  private answer(names: readonly string[]): void {
    const secrets = this.known(names);
    if (secrets.length === 0) return;
    const nonce = this.nextNonce();
    this.sent.set(
      nonce,
      secrets.map(({ name }) => name),
    );
    this.send({
      typeUrl: secretTypeUrl,
      nonce,
      resources: secrets.map(({ name, version, body }) => ({
        name,
        version,
        resource: { typeUrl: secretTypeUrl, value: body },
      })),
    });
  }
}
