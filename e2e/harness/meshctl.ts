import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { root } from './test-process';

/** How a run of meshctl ended, and what it said. */
export interface MeshctlRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs meshctl with a configuration file, in a folder, as a user would. */
export function meshctl(config: string, folder: string, args: readonly string[]): Promise<MeshctlRun> {
  const main = join(root, 'dist', 'apps', 'meshctl', 'main.js');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { env: { ...process.env, KEELSON_CONFIG: config }, cwd: folder },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}
