import { Evaluation } from './expression-table';
import { bagOf, planOfMatches } from './testing/trial-policy';

describe('the index of rules', () => {
  it('touches only rules that can match', () => {
    const plan = planOfMatches(
      Array.from({ length: 200 }, (_, i) => `request.path == "/${i}" && request.headers["h"] == "x"`),
    );
    const evaluated: string[] = [];
    const table = {
      expressions: plan.table.expressions,
      at: (place: number) => {
        evaluated.push(plan.table.at(place).text);
        return plan.table.at(place);
      },
    };
    const bag = bagOf(plan, { 'request.path': '/7', 'request.headers': { h: 'x' } });
    const found = plan.rulesOf('').check.matching(new Evaluation(table as never, bag));
    expect(found.map(({ title }) => title)).toEqual(['rule istio-system/r007']);
    expect(evaluated).toHaveLength(1);
  });

  it('tells of a match that fails, with the reason', () => {
    const plan = planOfMatches(['request.size > 1']);
    const failures: string[] = [];
    plan.rulesOf('').check.matching(new Evaluation(plan.table, bagOf(plan, {})), (title, failure) => {
      failures.push(`${title}: ${failure}`);
    });
    expect(failures).toEqual([`rule istio-system/r000: lookup failed: 'request.size'`]);
  });
});
