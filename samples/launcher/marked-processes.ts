import { readdirSync, readFileSync } from 'node:fs';

/** The environment variable by which a launcher's processes are known. */
export const launcherMark = 'KEELSON_LAUNCHER';

/** The processes that a launcher, or one of its processes, has started. */
export function markedProcesses(mark: string): number[] {
  const entry = `${launcherMark}=${mark}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => environmentOf(name).includes(entry))
    .map(Number);
}

/** Empty for a process that is another user's, or that has ended. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
