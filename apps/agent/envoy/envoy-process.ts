import type { Logger } from '@keelson/edge/service';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { LongProcess, type Exit } from '../processes/long-process';

export interface EnvoyProcessOptions {
  binary: string;
  args: readonly string[];
  /** Where the running process is written down. */
  recordFile: string;
  /** Another purpose (node, admin address) needs another process. */
  purpose: string;
  /** The file for Envoy's output, or `-` for the agent's own. */
  output: string;
  env: NodeJS.ProcessEnv;
  /** Rejects with the reason why it could not run now. */
  check: () => Promise<void>;
  log: Logger;
}

const backOff = { firstMs: 200, mostMs: 10_000, steadyMs: 30_000 };

/** Envoy, kept running: taken up from an earlier agent, started, and started again when it crashes. */
export class EnvoyProcess {
  private current: LongProcess | undefined;
  private stopping = false;
  private readonly ending = new AbortController();
  private starting: Promise<void> | undefined;
  private loop: Promise<void> | undefined;
  /** How often it ended by itself. */
  crashes = 0;

  constructor(private readonly options: EnvoyProcessOptions) {}

  /** Resolves when Envoy runs for the first time; rejects where it cannot be started at all. */
  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  get running(): boolean {
    return this.current?.running === true;
  }

  get pid(): number | undefined {
    return this.current?.pid;
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    this.ending.abort();
    await this.starting?.catch(() => undefined);
    if (this.current?.running) await this.current.stop('SIGTERM', graceMs);
    await this.loop;
    // The loop may have been starting one at that moment.
    if (this.current?.running) await this.current.stop('SIGTERM', graceMs);
  }

  private async begin(): Promise<void> {
    const { recordFile, purpose, log } = this.options;
    this.current = await LongProcess.adopt(recordFile, purpose);
    if (this.current) log.info({ pid: this.current.pid }, 'an Envoy that an earlier agent started goes on');
    else this.current = await this.launch();
    this.loop = this.keepRunning();
  }

  private async keepRunning(): Promise<void> {
    let wait = backOff.firstMs;
    let since = Date.now();
    while (!this.isStopping()) {
      const exit = await this.current?.exited;
      if (this.isStopping()) return;
      this.crashes += 1;
      if (Date.now() - since > backOff.steadyMs) wait = backOff.firstMs;
      this.options.log.error({ ...exit, againInMs: wait }, `Envoy ended by itself (${describe(exit)})`);
      await this.pause(wait);
      wait = Math.min(wait * 2, backOff.mostMs);
      if (this.isStopping()) return;
      since = Date.now();
      try {
        this.current = await this.launch();
      } catch (error) {
        this.options.log.error(
          { reason: error instanceof Error ? error.message : String(error) },
          'Envoy cannot be started',
        );
      }
    }
  }

  private async launch(): Promise<LongProcess> {
    await this.options.check();
    const { binary, args, recordFile, purpose, env, output, log } = this.options;
    // Envoy outlives the agent, so its output must not end in a pipe that ends with the agent.
    const file = this.usesOwnOutput(output) ? undefined : openSync(output === '-' ? '/dev/null' : output, 'a', 0o600);
    try {
      const launched = await LongProcess.start(recordFile, purpose, binary, args, {
        stdio: ['ignore', file ?? 'inherit', file ?? 'inherit'],
        env,
      });
      log.info({ pid: launched.pid }, 'Envoy runs');
      return launched;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  private usesOwnOutput(output: string): boolean {
    if (output !== '-') return false;
    if (!fstatSync(1).isSocket()) return true;
    // Envoy opens /dev/stdout by its name for access logs, which a socket refuses: whole listeners would be refused.
    this.options.log.warn(
      'the output is a socket, which Envoy cannot open: its output is dropped; set --envoy-log-file',
    );
    return false;
  }

  private isStopping(): boolean {
    return this.stopping;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.ending.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function describe(exit: Exit | undefined): string {
  if (exit?.signal) return `by ${exit.signal}`;
  return exit?.code === null || exit === undefined ? 'the reason is not known' : `with exit code ${exit.code}`;
}
