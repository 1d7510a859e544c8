import { request as requestHttp, type Agent, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  agent?: Agent | false;
  timeoutMs?: number;
  tls?: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  ms: number;
}

/** One HTTP or HTTPS request, on a connection of its own unless an agent is given. */
export function http(url: string, options: CallOptions = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, agent = false, timeoutMs = 30_000, tls = {} } = options;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const shared = { method, headers, agent, timeout: timeoutMs };
    const call = url.startsWith('https:')
      ? requestHttps(url, { ...shared, ...tls, agent: false })
      : requestHttp(url, shared);
    call.on('timeout', () => call.destroy(new Error(`${url}: no answer within ${timeoutMs} ms`)));
    call.on('error', reject);
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
          ms: performance.now() - started,
        });
      });
    });
    call.end(body);
  });
}

/** JSON that a server answers; any status but 2xx is an error. */
export async function json<T>(url: string, options: CallOptions = {}): Promise<T> {
  const { status, text } = await http(url, options);
  if (status < 200 || status > 299) throw new Error(`${url}: HTTP ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

/** Whether a GET is answered with 200. */
export async function isOk(url: string): Promise<boolean> {
  try {
    return (await http(url, { timeoutMs: 1000 })).status === 200;
  } catch {
    return false;
  }
}
