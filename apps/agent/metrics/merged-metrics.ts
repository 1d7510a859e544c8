import type { Logger } from '@keelson/edge/service';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { EnvoyAdmin } from '../envoy/admin';
import type { AgentMetrics } from './agent-metrics';
import { mergeMetrics, type MetricsSource } from './merge';

const timeoutMs = 3_000;
const mostBytes = 64 * 1024 * 1024;

/** The metrics of Envoy, the agent and the application in one answer. A source that fails is left out and counted. */
export class MergedMetrics {
  constructor(
    private readonly admin: EnvoyAdmin,
    private readonly agent: AgentMetrics,
    private readonly applicationUrl: string | undefined,
    private readonly log: Logger,
  ) {}

  async text(): Promise<string> {
    this.agent.scrapes.inc();
    const sources = await Promise.all([
      this.source('envoy', () => this.admin.prometheus()),
      this.source('application', () => (this.applicationUrl === undefined ? '' : fetchText(this.applicationUrl))),
    ]);
    // Last, so that a failure of this very scrape is in it.
    return mergeMetrics([...sources, await this.source('agent', () => this.agent.registry.metrics())]);
  }

  private async source(name: string, read: () => string | Promise<string>): Promise<MetricsSource> {
    try {
      return { name, text: await read() };
    } catch (error) {
      this.agent.scrapeFailures.inc({ type: name });
      this.log.debug({ source: name, reason: String(error) }, 'a source of metrics does not answer');
      return { name, text: '' };
    }
  }
}

function fetchText(url: string): Promise<string> {
  const target = new URL(url);
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/plain;version=0.0.4' };
    // Until the whole answer is there: one that trickles holds up Envoy's metrics as well.
    const signal = AbortSignal.timeout(timeoutMs);
    const failed = (error: Error): void => {
      reject(signal.aborted ? new Error(`no whole answer within ${timeoutMs} ms`) : error);
    };
    const call = request(target, { headers, agent: false, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`status ${response.statusCode ?? 0}`));
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) response.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () => {
        resolve(Buffer.concat(chunks).toString('utf8'));
      });
    });
    call.on('error', failed);
    call.end();
  });
}
