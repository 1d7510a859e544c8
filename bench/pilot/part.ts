import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@keelson/edge/service/testing';
import { anchors, type ChangeFigures } from '../anchors';
import { startComponent } from '../measure/component';
import { runTask } from '../measure/task';
import type { Row, Table } from '../output/table';
import type { MeshSize, Part, PartContext } from '../part';
import type { FleetResult, FleetTask } from './fleet-task';
import { meshDocuments } from './mesh-documents';

/** What a mesh costs Pilot when proxies come, and when it changes under them. */
export const pilot: Part = {
  limitMs: ({ meshes }) =>
    meshes.reduce((sum, size) => sum + startLimitMs(size) + syncLimitMs(size) + changesLimitMs, 0),
  measure: async (context) => {
    for (const size of context.scope.meshes) await measureMesh(size, context);
  },
};

/** How long Pilot may read a mesh of this size, and its proxies may wait until they have it; on a busy machine. */
const startLimitMs = ({ services }: MeshSize): number => 30_000 + services * 5;
const syncLimitMs = ({ services, proxies }: MeshSize): number => 60_000 + (services * proxies) / 5;
const changesLimitMs = 60_000;

async function measureMesh(mesh: MeshSize, context: PartContext): Promise<void> {
  const { services, proxies } = mesh;
  const size = `${services} × ${proxies}`;
  const { quick } = context.scope;
  const configuration = join(context.folder, `mesh-${services}-${proxies}`);
  mkdirSync(configuration);
  for (const [kind, documents] of Object.entries(meshDocuments(services)))
    writeFileSync(join(configuration, `${kind}.yaml`), documents.join('---\n'));
  const port = await freePort();
  context.tell(`Pilot, ${size}: starts`);
  const server = await startComponent(
    'pilot',
    {
      'config-source': `fs://${configuration}`,
      'grpc-port': port,
      'secure-grpc-port': 0,
      'http-port': 0,
    },
    context,
    startLimitMs(mesh),
  );
  try {
    const result = await runTask<FleetTask>(
      join(__dirname, 'fleet-task.ts'),
      {
        port,
        pid: server.pid,
        configuration,
        services,
        proxies,
        changes: quick ? 1 : 8,
        warmChanges: quick ? 0 : 3,
        syncLimitMs: syncLimitMs(mesh),
        title: `Pilot, ${size}`,
      },
      context,
    );
    for (const table of tablesOf(size, result)) context.done(table);
  } finally {
    await server.stop();
  }
}

function tablesOf(size: string, { sync, changes, peakMib }: FleetResult): Table[] {
  const { of, meshes, goals } = anchors.pilot;
  const known = meshes.get(size);
  const wanted = goals.get(size);
  return [
    {
      title: `Pilot: ${size} (services × proxies), delta, the first sync`,
      anchorOf: of,
      conditions: `CPU and memory (${peakMib.toFixed(0)} MiB at its peak) of the server; wall time until all have everything.`,
      rows: [
        {
          name: 'all proxies connect',
          figures: {
            'CPU, s': { value: sync.cpuSeconds, anchor: known?.sync?.cpuSeconds, goal: wanted?.syncCpuSeconds },
            'sent, MiB': { value: sync.mib, anchor: known?.sync?.mib },
            'in sync after, s': { value: sync.seconds, anchor: known?.sync?.seconds },
            'RSS, MiB': { value: sync.rssMib, anchor: known?.sync?.rssMib },
          },
        },
      ],
    },
    {
      title: `Pilot: ${size} (services × proxies), delta, changes`,
      anchorOf: of,
      conditions:
        'CPU of the server for one change; times are of the wall, from the write of a file until proxies have it, the median ' +
        `proxy, 99 of 100, and the last. ${of} takes its configuration by its config API and waits 100 ms for more.`,
      rows: [
        changeRow('a route', changes.route, known?.route, { cpuMs: wanted?.routeCpuMs, mib: wanted?.routeMib }),
        changeRow('an endpoint', changes.endpoint, known?.endpoint, { cpuMs: wanted?.endpointCpuMs }),
        changeRow('a new service', changes.service, known?.service),
      ],
    },
  ];
}

interface Goals {
  readonly cpuMs?: number;
  readonly mib?: number;
}

function changeRow(name: string, own: ChangeFigures, anchor: ChangeFigures | undefined, goal: Goals = {}): Row {
  return {
    name,
    figures: {
      'CPU, ms': { value: own.cpuMs, anchor: anchor?.cpuMs, goal: goal.cpuMs },
      'sent, MiB': { value: own.mib, anchor: anchor?.mib, goal: goal.mib },
      'after, ms': { value: own.latencyMs, anchor: anchor?.latencyMs },
    },
  };
}
