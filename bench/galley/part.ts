import { join } from 'node:path';
import { freePort, NatsServer } from '@keelson/edge/service/testing';
import { startComponent } from '../measure/component';
import { quantile, type Effort } from '../measure/cost';
import { usageOf } from '../measure/process-usage';
import { runTask } from '../measure/task';
import type { Row, Table } from '../output/table';
import type { Part, PartContext } from '../part';
import { meshChange, meshDocuments } from '../pilot/mesh-documents';
import type { CheckTask } from './check-task';

/** What configuration costs Galley: its checks, and its way into the log in NATS. */
export const galley: Part = {
  limitMs: () => 120_000,
  measure: async (context) => {
    context.done(await measureChecks(context));
    context.done(await measureApplies(context));
  },
};

async function measureChecks(context: PartContext): Promise<Table> {
  const effort: Effort = context.scope.quick ? { rounds: 1, roundMs: 1 } : { rounds: 15, roundMs: 40 };
  const documents = meshDocuments(100);
  const kinds = [
    { kind: 'ServiceEntry', documents: documents.serviceentries },
    { kind: 'VirtualService', documents: documents.virtualservices },
    { kind: 'DestinationRule', documents: documents.destinationrules },
  ];
  const task = join(__dirname, 'check-task.ts');
  const costs = await runTask<CheckTask>(task, { effort, kinds }, context);
  return {
    title: 'Galley: validation of one object, in process',
    conditions:
      'CPU. Checks are those of the schema and of what it means; the objects are those of the meshes of Pilot.',
    rows: costs.map(({ kind, parse, check }) => ({
      name: kind,
      figures: { 'YAML, µs': { value: parse / 1_000 }, 'checks, µs': { value: check / 1_000 } },
    })),
  };
}

async function measureApplies(context: PartContext): Promise<Table> {
  const { quick } = context.scope;
  const [services, changes, warm] = quick ? [4, 2, 0] : [1_000, 60, 20];
  const nats = new NatsServer();
  try {
    await nats.start();
    const port = await freePort();
    context.tell('Galley: starts');
    const server = await startComponent(
      'galley',
      {
        'api-port': port,
        'mcp-port': await freePort(),
        'nats-url': nats.url,
        'config-log': 'nats',
        insecure: true,
      },
      context,
    );
    try {
      const apply = (text: string): Promise<number> => applyTo(port, text, context.signal);
      const all = Object.values(meshDocuments(services)).flat();
      const rows: Row[] = [];
      const measure = async (name: string, objects: number, times: number, run: (i: number) => Promise<number>) => {
        context.tell(`Galley: ${name}`);
        const answers: number[] = [];
        const before = usageOf(server.pid).cpuSeconds;
        for (let i = 0; i < times; i++) answers.push(await run(i));
        const cpuMs = (usageOf(server.pid).cpuSeconds - before) * 1000;
        rows.push({
          name,
          figures: {
            'CPU an object, ms': { value: cpuMs / (objects * times) },
            'objects a second': { value: (objects * times * 1000) / answers.reduce((sum, ms) => sum + ms, 0) },
            'median, ms': { value: quantile(answers, 0.5) },
            'p99, ms': { value: quantile(answers, 0.99) },
          },
        });
      };
      const text = all.join('---\n');
      await measure(`${all.length} objects, one commit`, all.length, 1, () => apply(text));
      await measure('the same, nothing new', all.length, 1, () => apply(text));
      for (let k = 0; k < warm; k++) await apply(meshChange('route', k, services).document);
      await measure(`one object, of ${all.length}`, 1, changes, (k) =>
        apply(meshChange('route', warm + k, services).document),
      );
      return {
        title: 'Galley: apply, over HTTP and into NATS',
        conditions:
          'CPU of Galley alone, without that of NATS; times are of the wall, one request after the other. There are no anchors: the API is new.',
        rows,
      };
    } finally {
      await server.stop();
    }
  } finally {
    await nats.stop();
  }
}

/** Gives how many milliseconds the answer took. */
async function applyTo(port: number, text: string, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/v1/apply`, { method: 'POST', body: text, signal });
  const answer = await response.text();
  if (!response.ok) throw new Error(`Galley answered ${response.status}: ${answer.slice(0, 500)}`);
  return performance.now() - started;
}
