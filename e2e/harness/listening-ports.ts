import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ListeningPort {
  host: string;
  port: number;
}

const listening = '0A';

/** The TCP ports (IPv4) that a process listens on, from /proc. */
export function listeningPorts(pid: number): ListeningPort[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed in the meantime
      }
    }),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line): ListeningPort[] => {
      const columns = line.trim().split(/\s+/);
      const [address = '', port = ''] = (columns[1] ?? '').split(':');
      if (columns[3] !== listening || !inodes.has(columns[9] ?? '')) return [];
      const bytes = address.match(/../g) ?? [];
      const host = bytes
        .reverse()
        .map((byte) => parseInt(byte, 16))
        .join('.');
      return [{ host: host === '0.0.0.0' ? '127.0.0.1' : host, port: parseInt(port, 16) }];
    });
}
