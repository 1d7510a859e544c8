import { join } from 'node:path';
import { anchors } from '../anchors';
import { runTask } from '../measure/task';
import type { Part, PartContext } from '../part';
import type { CexlTask } from './task';

/** What one evaluation of an expression costs, and its compilation. */
export const cexl: Part = { limitMs: () => 90_000, measure };

async function measure(context: PartContext): Promise<void> {
  const { root, scope } = context;
  const effort = scope.quick ? { rounds: 1, roundMs: 1 } : { rounds: 15, roundMs: 15 };
  const asked = anchors.cexl.expressions;
  const costs = await runTask<CexlTask>(
    join(__dirname, 'task.ts'),
    { root, expressions: asked.map(({ text }) => text), effort },
    context,
  );
  context.done({
    title: 'CEXL: expressions',
    anchorOf: anchors.cexl.of,
    conditions:
      'CPU of one evaluation in process, median of rounds. Wire bag: nothing of it was read before; again: what is asked for was.',
    rows: asked.map(({ text, title, mapBag, wireBag, goal }, i) => {
      const cost = costs[i];
      if (cost?.text !== text) throw new Error(`nothing was measured for ${text}`);
      return {
        name: title ?? text,
        figures: {
          'map bag, ns': { value: cost.mapBag, anchor: mapBag, ...(goal !== undefined && { goal }) },
          'wire bag, ns': { value: cost.wireBag, anchor: wireBag },
          'wire bag again, ns': { value: cost.wireBagAgain },
          'compile, µs': { value: cost.compile / 1_000, anchor: anchors.cexl.compileUs },
        },
      };
    }),
  });
}
