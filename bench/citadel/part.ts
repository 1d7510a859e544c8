import { join } from 'node:path';
import { anchors } from '../anchors';
import { runTask } from '../measure/task';
import type { Part, PartContext } from '../part';
import type { CitadelTask } from './task';

/** What a certificate costs Citadel, and a request for one its sender. */
export const citadel: Part = { limitMs: () => 90_000, measure };

async function measure(context: PartContext): Promise<void> {
  const input = context.scope.quick
    ? { effort: { rounds: 1, roundMs: 1 }, keys: 1 }
    : { effort: { rounds: 15, roundMs: 30 }, keys: 24 };
  const costs = await runTask<CitadelTask>(join(__dirname, 'task.ts'), input, context);
  const { of, signMs, csrMs } = anchors.citadel;
  context.done({
    title: 'Citadel: certificates',
    anchorOf: of,
    conditions:
      'CPU in process; making keys is the mean of 24, else the median of rounds. Workloads of Keelson use P-256.',
    rows: costs.map(({ kind, sign, answer, csr, keyAndCsr }) => {
      const rsa = kind === 'RSA-2048';
      return {
        name: kind,
        figures: {
          'sign, ms': { value: sign, ...(rsa && { anchor: signMs }) },
          'read CSR and sign, ms': { value: answer },
          'CSR, ms': { value: csr },
          'key and CSR, ms': { value: keyAndCsr, ...(rsa && { anchor: csrMs }) },
        },
      };
    }),
  });
}
