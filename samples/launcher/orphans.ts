import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const patienceMs = 3_000;

/**
 * Ends Envoys and applications whose agent was killed. They are meant to outlive an agent, so that the next one takes them
 * up; when the mesh goes down no next one comes. They are known by what their agents wrote down of them. The caller holds
 * the lock of the whole data directory, so no agent in it runs, and what killed ones locked is free.
 */
export async function endOrphans(workloadsFolder: string): Promise<void> {
  const folders = foldersIn(workloadsFolder).map((name) => join(workloadsFolder, name, 'agent'));
  const left = folders
    .flatMap((folder) => ['envoy.json', 'application.json'].map((file) => join(folder, file)))
    .flatMap((file) => runningProcess(file) ?? []);
  for (const pid of left) send(pid, 'SIGTERM');
  const deadline = Date.now() + patienceMs;
  while (left.some((pid) => send(pid, 0)) && Date.now() < deadline) await pause(50);
  for (const pid of left) send(pid, 'SIGKILL');
  for (const folder of folders) rmSync(join(folder, 'lock'), { force: true });
}

/** The process of a record, if it still runs: ids are used again, so the time of its start has to fit. */
function runningProcess(recordFile: string): number | undefined {
  try {
    const { pid, start } = JSON.parse(readFileSync(recordFile, 'utf8')) as { pid: number; start: number };
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in parentheses and may hold anything, so fields are counted from the last one.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) === start ? pid : undefined;
  } catch {
    return undefined;
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Whether the process was there to take the signal. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
