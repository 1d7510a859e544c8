import type { Server } from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { Findings } from '../../findings';

/** Servers on one address and port are one listener: all of them are HTTP, or all HTTPS, and then no host is in two. */
export function checkConflicts(findings: Findings, servers: readonly Server[]): void {
  const first = new Map<string, { index: number; secure: boolean }>();
  const secureHosts = new Map<string, number>();
  for (const [index, server] of servers.entries()) {
    const at = `${server.bind ?? ''}:${String(server.port?.number ?? 0)}`;
    const secure = /^https$/i.test(server.port?.protocol ?? '');
    const other = first.get(at);
    if (!other) first.set(at, { index, secure });
    else if (other.secure !== secure)
      findings.add(
        `spec.servers[${String(index)}].port.protocol`,
        `the same port is ${other.secure ? 'HTTPS' : 'HTTP'} in spec.servers[${String(other.index)}]`,
      );
    if (secure) checkHosts(findings, server, index, at, secureHosts);
  }
}

function checkHosts(findings: Findings, server: Server, index: number, at: string, seen: Map<string, number>): void {
  for (const [i, text] of (server.hosts ?? []).entries()) {
    const host = `${at} ${text.slice(text.indexOf('/') + 1)}`;
    const before = seen.get(host);
    if (before !== undefined && before !== index)
      findings.add(
        `spec.servers[${String(index)}].hosts[${String(i)}]`,
        `spec.servers[${String(before)}] serves this host on the same port`,
        'duplicate',
      );
    seen.set(host, index);
  }
}
