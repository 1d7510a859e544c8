import { createServer } from 'node:net';
import type { Flags } from './flags';
import { portHolder } from './port-holder';
import { addressOf, workloads } from './workloads';

/** A port that the mesh will listen on, for whom, and the flag that moves it. */
export interface Listening {
  host: string;
  port: number;
  owner: string;
  flag: string;
}

/** Every port that `npm start` takes. */
function listenings(flags: Flags): Listening[] {
  const local = (port: number, owner: string, flag: string): Listening => ({ host: '127.0.0.1', port, owner, flag });
  return [
    local(flags.httpPort, 'gateway, HTTP', '--http-port'),
    local(flags.httpsPort, 'gateway, HTTPS', '--https-port'),
    local(flags.citadelPort, 'Citadel', '--citadel-port'),
    local(flags.citadelAdminPort, 'Citadel, administration', '--citadel-admin-port'),
    local(flags.citadelMonitoringPort, 'Citadel, monitoring', '--citadel-monitoring-port'),
    local(flags.natsPort, 'NATS', '--nats-port'),
    local(flags.galleyPort, 'Galley', '--galley-port'),
    local(flags.mcpPort, 'Galley, MCP', '--mcp-port'),
    local(flags.galleyMonitoringPort, 'Galley, monitoring', '--galley-monitoring-port'),
    local(flags.pilotPort, 'Pilot', '--pilot-port'),
    local(flags.pilotMonitoringPort, 'Pilot, monitoring', '--pilot-monitoring-port'),
    local(flags.mixerPort, 'Mixer', '--mixer-port'),
    local(flags.mixerMonitoringPort, 'Mixer, monitoring', '--mixer-monitoring-port'),
    local(flags.prometheusPort, "Mixer, the mesh's metrics", '--prometheus-port'),
    ...workloads.flatMap((workload) => {
      const host = addressOf(workload, flags);
      const own = [15000, 15020, 15021, ...(workload.service === undefined ? [] : [workload.service.port])];
      const application = workload.service && flags.applicationPort + workload.service.applicationOffset;
      return [
        ...own.map((port) => ({ host, port, owner: workload.name, flag: '--loopback' })),
        ...(application === undefined
          ? []
          : [local(application, `${workload.name}, application`, '--application-port')]),
      ];
    }),
  ];
}

/** What is wrong with the ports, each as a line for the user: asked for twice, or held by another process. */
export async function problemsOfPorts(flags: Flags): Promise<string[]> {
  const all = listenings(flags);
  const twice = all.flatMap((one, i) => {
    const other = all.slice(0, i).find(({ host, port }) => host === one.host && port === one.port);
    return other === undefined
      ? []
      : [`port ${one.port} on ${one.host} is asked for twice, by ${other.flag} and ${one.flag}`];
  });
  if (twice.length > 0) return twice;
  const checked = await Promise.all(all.map(problemOf));
  return checked.filter((line) => line !== undefined);
}

function problemOf({ host, port, owner, flag }: Listening): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const holder = code === 'EADDRINUSE' ? portHolder(port) : undefined;
      const held = holder === undefined ? '' : ` by process ${holder}`;
      const reason = code === 'EADDRINUSE' ? `is in use${held}` : `cannot be used (${message})`;
      resolve(`port ${port} on ${host} (${owner}) ${reason}; choose another with ${flag}`);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
