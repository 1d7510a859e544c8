import { textOfError } from '../text-of-error';

/** What a list may have at most: some hundred thousand entries. */
const maxBytes = 4 * 1024 * 1024;
/** How long an attempt takes at most. */
export const maxFetchMs = 10_000;

/**
 * The body at an http or https URL; user and password of the URL are sent as Basic authorization. Rejects, saying why,
 * for another status than 200, after 10 s, for more than 4 MiB, and when the signal aborts.
 */
export async function fetchBody(url: URL, signal: AbortSignal): Promise<Buffer> {
  const abort = new AbortController();
  const give = (reason: string): void => {
    abort.abort(new Error(reason));
  };
  const closing = (): void => {
    give('it is closed');
  };
  const timer = setTimeout(give, maxFetchMs, `there was no answer within ${maxFetchMs / 1000} s`);
  timer.unref();
  signal.addEventListener('abort', closing);
  try {
    const response = await fetch(plain(url), { headers: authorization(url), signal: abort.signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the answer is ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw new Error(textOfError(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', closing);
  }
}

/** A URL without user and password, as it can be fetched and told. */
export function plain(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return copy;
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
