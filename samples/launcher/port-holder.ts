import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The process that listens on a port, as `123 (envoy)`; undefined where it is not to be seen (another user's). */
export function portHolder(port: number): string | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name)))
    for (const descriptor of entriesOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '')?.[1];
      if (inode !== undefined && inodes.has(inode))
        return `${pid} (${attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? '?'})`;
    }
  return undefined;
}

/** Sockets of a table of the kernel that listen on the port, at whichever address. */
function listeningInodes(table: string, port: number): string[] {
  const [, ...rows] = (attempt(() => readFileSync(table, 'utf8')) ?? '').trim().split('\n');
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return rows.flatMap((row) => {
    const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === '0A' && local?.endsWith(suffix) === true && inode !== undefined ? [inode] : [];
  });
}

function entriesOf(folder: string): string[] {
  return attempt(() => readdirSync(folder)) ?? [];
}

/** Processes end while they are looked at. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
