import fc from 'fast-check';
import { Evaluation } from './expression-table';
import { RuleIndex } from './rule-index';
import { bagOf, planOfMatches } from './testing/trial-policy';

describe('the index of rules', () => {
  const text = fc.constantFrom('a', 'b', '');
  const condition = fc.oneof(
    text.map((value) => `request.path == "${value}"`),
    text.map((value) => `"${value}" == context.protocol`),
    fc.tuple(text, text).map(([key, value]) => `request.headers["${key}"] == "${value}"`),
    fc.constantFrom('request.size == 1', 'request.size == 2', 'request.size > 1', 'request.path != "a"'),
    text.map((value) => `(request.path | "x") == "${value}"`),
    fc.constant('source.labels["app"] == "a" || request.path == "a"'),
  );
  const match = fc.oneof(
    fc.constant(''),
    fc.array(condition, { minLength: 1, maxLength: 3 }).map((all) => all.join(' && ')),
  );
  const values = fc.record(
    {
      'request.path': text,
      'context.protocol': text,
      'request.size': fc.constantFrom(1, 2, 3),
      'request.headers': fc.dictionary(text, text),
      'source.labels': fc.dictionary(fc.constant('app'), text),
    },
    { requiredKeys: [] },
  );

  it('finds the rules that match, and no others, in their order', () => {
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 12 }),
        fc.array(values, { minLength: 1, maxLength: 4 }),
        (matches, bags) => {
          const plan = planOfMatches(matches);
          const index = new RuleIndex(plan.rules, plan.vocabulary);
          for (const each of bags) {
            const bag = bagOf(plan, each);
            const naive = plan.rules.filter(
              (rule) => rule.match === undefined || plan.table.at(rule.match).evaluate(bag) === true,
            );
            const found = index.matching(new Evaluation(plan.table, bag));
            expect(found.map(({ title }) => title)).toEqual(naive.map(({ title }) => title));
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
