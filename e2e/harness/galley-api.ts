import { randomUUID } from 'node:crypto';
import { http, json, type CallOptions } from './http';
import { until } from './until';

export interface ApplyResult {
  revision: string;
  committed: boolean;
  results: { op: string; kind: string; namespace: string; name: string }[];
  warnings?: string[];
}

export interface Receipts {
  proxies: number;
  acked: number;
  pending: number;
  superseded?: string;
  nacks: { proxy: string; type: string; resource?: string; message: string; provenance?: string[] }[];
  waitingFor: string[];
}

export interface RevisionReport {
  revision: string;
  sequence: number;
  changes: { op: string; kind: string; namespace: string; name: string }[];
  receipts: Receipts;
}

export interface ProxyRow {
  proxy: string;
  type: string;
  revision: string;
  sent: string;
  acked: string;
  nack: unknown;
  pilot: string;
}

export interface ApiProblem {
  code: string;
  message: string;
  object?: string;
  field?: string;
  line?: number;
}

/** Galley's API, called as the operator. */
export class GalleyApi {
  constructor(
    readonly base: string,
    private readonly credentials: () => NonNullable<CallOptions['tls']>,
  ) {}

  apply(yaml: string, query = ''): Promise<ApplyResult> {
    return this.json('/v1/apply' + query, {
      method: 'POST',
      body: yaml,
      headers: { 'content-type': 'application/yaml', 'idempotency-key': randomUUID() },
    });
  }

  delete(yaml: string): Promise<ApplyResult> {
    return this.json('/v1/delete', { method: 'POST', body: yaml, headers: { 'content-type': 'application/yaml' } });
  }

  /** What is wrong with documents, by the server's own words; it must refuse them. */
  async refusal(yaml: string): Promise<{ status: number; problems: ApiProblem[] }> {
    const { status, text } = await this.call('/v1/apply', { method: 'POST', body: yaml });
    if (status < 400) throw new Error(`it was not refused: ${text}`);
    return { status, problems: (JSON.parse(text) as { error: { problems: ApiProblem[] } }).error.problems };
  }

  revision(name: string): Promise<RevisionReport> {
    return this.json(`/v1/revisions/${encodeURIComponent(name)}`);
  }

  proxies(): Promise<ProxyRow[]> {
    return this.json('/v1/proxies');
  }

  /** Waits until every proxy has a revision; a NACK is an error that names it. */
  async settled(revision: string, withinMs = 20_000): Promise<Receipts> {
    return until(`revision ${revision} at every proxy`, withinMs, async () => {
      const { receipts } = await this.revision(revision);
      if (receipts.nacks.length > 0) throw new Error(`NACK: ${JSON.stringify(receipts.nacks)}`);
      if (receipts.pending > 0) throw new Error(`waiting for ${receipts.waitingFor.join(', ')}`);
      return receipts;
    });
  }

  call(path: string, options: CallOptions = {}): ReturnType<typeof http> {
    return http(this.base + path, { ...options, tls: this.credentials() });
  }

  json<T>(path: string, options: CallOptions = {}): Promise<T> {
    return json<T>(this.base + path, { ...options, tls: this.credentials() });
  }
}
