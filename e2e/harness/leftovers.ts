import { readdirSync, readFileSync } from 'node:fs';

/** Processes whose command line names a folder: what a mesh left running. */
export function processesNaming(folder: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(folder) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}

/** Kills what a mesh left running and answers it. */
export function endLeftovers(folder: string): string[] {
  return processesNaming(folder).map(({ pid, command }) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    return `${pid}: ${command.slice(0, 200)}`;
  });
}
