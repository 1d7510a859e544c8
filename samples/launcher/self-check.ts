import { readFileSync } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { LaunchError } from './launch-error';

/** Gets the product page by both addresses until it is whole, made by four services; throws what is wrong at last. */
export async function checkPages(urls: readonly string[], rootFile: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (const url of urls)
    for (;;) {
      const problem = await problemOf(url, rootFile);
      if (problem === undefined) break;
      if (Date.now() > deadline) throw new LaunchError(`${url}: ${problem}`);
      await pause(100, undefined, { signal });
    }
}

async function problemOf(url: string, rootFile: string): Promise<string | undefined> {
  try {
    const { status, text } = await fetchPage(url, rootFile);
    if (status !== 200) return `HTTP ${status}: ${text.slice(0, 200)}`;
    if (!text.includes('William Shakespeare')) return 'the page shows no details';
    if (!text.includes('Reviews served by')) return 'the page shows no reviews';
    return text.includes('currently unavailable') ? 'a part of the page is unavailable' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function fetchPage(url: string, rootFile: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    };
    const request = url.startsWith('https:')
      ? getHttps(url, { ca: readFileSync(rootFile), agent: false, timeout: 10_000 }, take)
      : getHttp(url, { agent: false, timeout: 10_000 }, take);
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', reject);
  });
}
