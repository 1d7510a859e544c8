import type { AdapterLog } from '@keelson/core/policy';
import { resolve } from 'node:path';
import { FileOutput, type Rotation } from './file-output';
import { LineWriter } from './line-writer';
import { StreamOutput } from './output';

/** What outputs of the process can be. */
export type Target = { readonly stream: 'stdout' | 'stderr' } | { readonly path: string; readonly rotation?: Rotation };

export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** The outputs that are in use. Handlers with the same one share it, so that their lines do not mix. */
export class Outputs {
  readonly #writers = new Map<string, { writer: LineWriter; users: Target[] }>();

  constructor(
    private readonly streams: Streams,
    private readonly wallClock: () => number,
  ) {}

  /**
   * Opens an output. Throws for a file that cannot be written to. Of the rotations of those who use a file, the one that was
   * asked for last counts.
   */
  acquire(target: Target, log: AdapterLog): LineWriter {
    const key = keyOf(target);
    let known = this.#writers.get(key);
    if (!known) {
      const output =
        'path' in target
          ? new FileOutput(resolve(target.path), target.rotation, log, this.wallClock)
          : new StreamOutput(target.stream, this.streams[target.stream]);
      known = { writer: new LineWriter(output, { log }), users: [] };
      this.#writers.set(key, known);
    }
    known.users.push(target);
    rotateAs(target, known.writer);
    return known.writer;
  }

  /** Takes back a target that was acquired. The last user closes the output; that resolves when all lines are written. */
  async release(target: Target): Promise<void> {
    const key = keyOf(target);
    const known = this.#writers.get(key);
    const at = known?.users.indexOf(target) ?? -1;
    if (!known || at < 0) return;
    known.users.splice(at, 1);
    const last = known.users.at(-1);
    if (last) {
      rotateAs(last, known.writer);
      return;
    }
    this.#writers.delete(key);
    await known.writer.close();
  }
}

function rotateAs(target: Target, { output }: LineWriter): void {
  if (output instanceof FileOutput) output.rotation = 'path' in target ? target.rotation : undefined;
}

function keyOf(target: Target): string {
  return 'path' in target ? resolve(target.path) : target.stream;
}
