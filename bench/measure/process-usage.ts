import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMib: number;
  readonly peakMib: number;
}

/** The kernel counts in hundredths of a second, whatever its own clock is (USER_HZ, proc(5)). */
const ticksPerSecond = 100;

/**
 * CPU time, in user mode and in the kernel, and memory of a process with all its threads, as /proc tells it. Throws where
 * there is no such process, or no /proc.
 */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks = 0, kernelTicks = 0] = fields.slice(11, 13).map(Number);
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: (userTicks + kernelTicks) / ticksPerSecond,
    rssMib: mib('VmRSS'),
    peakMib: mib('VmHWM'),
  };
}
