import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Progress } from '../output/progress';
import type { PartContext } from '../part';

/** What a task is given and what it gives, both as they go from process to process. */
type Task = (input: never) => unknown;

/** What a task's process sends. */
type Message<R> = { readonly doing: string } | { readonly result: R };

/**
 * Runs a file that calls `task` in a process of its own, so that what was compiled and collected for other measurements
 * does not count. What it writes to its standard output goes nowhere. Rejects with what it wrote to standard error if it
 * ends without a result.
 */
export function runTask<T extends Task>(
  file: string,
  input: Parameters<T>[0],
  { signal, tell }: PartContext,
): Promise<Awaited<ReturnType<T>>> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = fork(file, [], {
      execArgv: ['--require', join(__dirname, '..', 'typescript.cjs')],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-4_000)));
    child.on('message', (message: Message<Awaited<ReturnType<T>>>) => {
      if ('doing' in message) tell(message.doing);
      else resolve(message.result);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      reject(new Error(`${file} ended with ${code ?? 'a signal'} and without a result\n${errors}`));
    });
    child.send(input);
  });
}

/** Is the process of a task: it runs once and answers with a result. */
export function task<T extends Task>(
  run: (input: Parameters<T>[0], tell: Progress) => ReturnType<T> | Promise<Awaited<ReturnType<T>>>,
): void {
  const send = (message: Message<Awaited<ReturnType<T>>>, then?: () => void): void => {
    process.send?.(message, undefined, undefined, then);
  };
  process.once('disconnect', () => process.exit(1));
  process.once('message', (input: Parameters<T>[0]) => {
    void (async () => {
      try {
        const result = await run(input, (doing) => {
          send({ doing });
        });
        send({ result }, () => process.exit(0));
      } catch (error) {
        console.error(error);
        process.exit(1);
      }
    })();
  });
}
