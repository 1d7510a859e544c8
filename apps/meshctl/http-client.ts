import { request as requestHttp } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import type { Problem } from '@keelson/core/problems';
import type { Credentials } from './context';
import { exitCodes, Failure } from './exit';

/** What a server said no to. */
export class Refusal extends Failure {
  constructor(
    readonly status: number,
    readonly problems: readonly Problem[],
    message: string,
  ) {
    super(message, status >= 500 || status === 404 ? exitCodes.failed : exitCodes.refused);
  }
}

export interface Call {
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

/** Speaks JSON with one server, by HTTP or by HTTPS with the operator's certificate. */
export class HttpClient {
  private readonly agent: Agent;

  constructor(
    private readonly base: string,
    credentials: Credentials = {},
  ) {
    this.agent = new Agent({ keepAlive: true, ...credentials });
  }

  async get(path: string): Promise<unknown> {
    return this.call(path);
  }

  /** The answer's JSON; a status of 400 or more is a Refusal, no answer is one clear line. */
  async call(path: string, { method = 'GET', body, headers = {}, timeoutMs = 30_000 }: Call = {}): Promise<unknown> {
    const url = this.url(path);
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const options = { method, headers, timeout: timeoutMs };
      const request =
        url.protocol === 'https:' ? requestHttps(url, { ...options, agent: this.agent }) : requestHttp(url, options);
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      });
      request.end(body);
    }).catch((error: unknown) => {
      throw new Failure(`cannot reach ${this.base}: ${reasonOf(error)}`);
    });
    const value = parse(text);
    if (status >= 400) throw refusal(status, value, text);
    if (value === undefined) throw new Failure(`${this.base}${path} answered what is no JSON: ${text.slice(0, 200)}`);
    return value;
  }

  close(): void {
    this.agent.destroy();
  }

  private url(path: string): URL {
    try {
      return new URL(path, this.base);
    } catch {
      throw new Failure(`'${this.base}' is no address of a server; write https://127.0.0.1:15443`);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusal(status: number, value: unknown, text: string): Refusal {
  const { error } = (value ?? {}) as { error?: { code?: string; problems?: Problem[]; message?: string } };
  const problems = error?.problems ?? [];
  const first = error?.message ?? problems[0]?.message ?? (text.slice(0, 200) || `HTTP ${status}`);
  return new Refusal(status, problems, first);
}

/** Why a connection failed, in words. */
export function reasonOf(error: unknown): string {
  const { code, message, errors } = error as Partial<NodeJS.ErrnoException & AggregateError>;
  if (code === 'ECONNREFUSED') return 'nothing listens there (is it running?)';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known';
  if (errors !== undefined && errors.length > 0) return reasonOf(errors[0]);
  return message || code || String(error);
}
