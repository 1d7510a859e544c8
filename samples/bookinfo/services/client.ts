import type { IncomingMessage } from 'node:http';

/** Headers that a service passes on with every call it makes for a request: who asked, and what traces it. */
const forwarded = ['end-user', 'x-request-id', 'traceparent', 'tracestate', 'b3'] as const;
const forwardedPrefix = 'x-b3-';

/** The headers of `request` that go along with calls made for it. */
export function forwardedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string' && (forwarded.includes(name as never) || name.startsWith(forwardedPrefix)))
      headers[name] = value;
  return headers;
}

/** What a call brought, or why it brought nothing. */
export type Outcome<T> = { value: T; error?: undefined } | { value?: undefined; error: string };

/** The JSON that a service answers, or why there is none. */
export async function fetchJson(url: string, headers: Record<string, string>): Promise<Outcome<unknown>> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (!response.ok) return { error: `HTTP ${response.status}: ${text.slice(0, 200)}` };
    return { value: JSON.parse(text) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { error: cause instanceof Error ? cause.message : String(cause) };
  }
}
