import { compilePolicy, type PolicyObject } from '@keelson/core/policy';
import { watchFolder } from '@keelson/edge/config-log';
import { HandlerPool, makeAdapters } from '@keelson/edge/adapters';
import { createLog } from '@keelson/edge/service';
import { LivePolicy } from '../../apps/mixer/calls';

/** The policies of a folder as Mixer has them at work, with all their adapters. Throws for what is wrong in them. */
export async function loadPolicy(folder: string): Promise<LivePolicy> {
  const log = createLog('bench', 'warn');
  const objects = await new Promise<readonly PolicyObject[]>((resolve) => {
    const watch = watchFolder({
      dir: folder,
      log,
      onChange: ({ put }) => {
        resolve(put);
        setImmediate(() => {
          watch.stop();
        });
      },
    });
  });
  const { adapters } = makeAdapters({ prometheusPort: 0, log });
  const plan = compilePolicy(objects, adapters, 'istio-system');
  const [problem] = plan.problems;
  if (problem !== undefined) throw new Error(`${problem.object ?? folder}: ${problem.message}`);
  return new LivePolicy(plan, new HandlerPool(adapters, { log }).open(plan));
}
