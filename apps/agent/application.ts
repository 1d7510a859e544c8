import type { Logger } from '@keelson/edge/service';
import { constants } from 'node:os';
import { LongProcess, type Exit } from './processes/long-process';

/** The command after `--`: the application that the agent stands beside. */
export class Application {
  private process: LongProcess | undefined;
  private starting: Promise<void> | undefined;

  constructor(
    private readonly command: readonly string[],
    private readonly recordFile: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly log: Logger,
    private readonly onEnd: (exitCode: number) => void,
  ) {}

  /** Starts it, or takes up the one that an earlier agent started. */
  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  /** Forwards a signal. */
  signal(signal: NodeJS.Signals): void {
    this.process?.signal(signal);
  }

  /** Asks it to end, and ends it after the given time; gives its exit code, 0 where it never ran. */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<number> {
    await this.starting;
    if (!this.process) return 0;
    const exit = await this.process.stop(signal, graceMs);
    // How a process ended that was not our child is not known; most likely by what it was just sent.
    return exitCodeOf(this.process.adopted ? { code: null, signal } : exit);
  }

  private async begin(): Promise<void> {
    const [program = '', ...args] = this.command;
    const purpose = JSON.stringify(this.command);
    this.process = await LongProcess.adopt(this.recordFile, purpose);
    if (this.process) this.log.info({ pid: this.process.pid }, 'an application that an earlier agent started goes on');
    else {
      try {
        this.process = await LongProcess.start(this.recordFile, purpose, program, args, {
          // A process in the background of a terminal must not read from it.
          stdio: [process.stdin.isTTY ? 'ignore' : 'inherit', 'inherit', 'inherit'],
          env: this.env,
        });
      } catch (error) {
        this.log.error({ program, reason: String(error) }, 'the application cannot be started');
        this.onEnd(127);
        return;
      }
      this.log.info({ pid: this.process.pid, program }, 'the application runs');
    }
    void this.process.exited.then((exit) => {
      this.log.info({ ...exit }, 'the application ended');
      this.onEnd(exitCodeOf(exit));
    });
  }
}

/** The exit code as a shell gives it; 1 where it cannot be known, as the process was not ours. */
function exitCodeOf({ code, signal }: Exit): number {
  if (signal) return 128 + constants.signals[signal];
  return code ?? 1;
}
