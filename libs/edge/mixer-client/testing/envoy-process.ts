import { findBinary } from '@keelson/edge/service';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** An Envoy with a static configuration, in a folder of its own. */
export class EnvoyProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'keelson-policy-'));
  #process: ChildProcessWithoutNullStreams | undefined;

  /** Starts it and waits until its workers run. */
  async start(config: object): Promise<void> {
    const path = join(this.folder, 'bootstrap.json');
    writeFileSync(path, JSON.stringify(config));
    const args = [
      '-c',
      path,
      '--log-level',
      process.env['ENVOY_LOG'] ?? 'info',
      '--disable-hot-restart',
      '--concurrency',
      '1',
    ];
    const started = spawn(findBinary('envoy'), args);
    this.#process = started;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: started.stderr }).on('line', (line) => {
        if (process.env['ENVOY_LOG'] !== undefined) console.log(line);
        said.push(line);
        if (line.includes('starting main dispatch loop')) resolve();
      });
      started.on('exit', () => {
        reject(new Error(said.slice(-5).join('\n')));
      });
    });
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await gone;
    }
    rmSync(this.folder, { recursive: true });
  }
}
