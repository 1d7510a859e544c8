import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { markedProcesses } from './marked-processes';

// Reads `+<group>` and `-<group>`; when the pipe ends, the groups that are left are ended, the last one first, and then
// whatever else bears the launcher's mark.
const groups: number[] = [];
const mark = process.argv[2] ?? '';
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const group = Number(line.slice(1));
  if (line.startsWith('+')) groups.push(group);
  else if (groups.includes(group)) groups.splice(groups.indexOf(group), 1);
});
lines.on('close', () => {
  void endGroups();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

async function endGroups(): Promise<void> {
  for (const group of groups.toReversed()) send(-group, 'SIGTERM');
  for (let waited = 0; waited < 12_000 && groups.some((group) => send(-group, 0)); waited += 100) await pause(100);
  for (const group of groups) send(-group, 'SIGKILL');
  await endMarked();
  process.exit(0);
}

/** One that was being forked bears its mark only a little later, so they must be missing for a while. */
async function endMarked(): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet += 1) {
    await pause(100);
    for (const pid of markedProcesses(mark)) {
      send(pid, 'SIGKILL');
      quiet = 0;
    }
  }
}

/** Whether the process, or the group if negative, was there to take the signal. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}
