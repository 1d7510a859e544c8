import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { Vocabulary, type Value, type ValueType } from '@keelson/core/attributes';
import { attributesOf, compile, equalities } from '.';
import { bagOf } from './testing/array-bag';
import { EvaluationFailure, evaluateTree } from './testing/tree-evaluator';

interface Configuration {
  attributes: Record<string, ValueType>;
  expressions: { text: string; type: ValueType; in: string[] }[];
}

const { attributes, expressions } = load(
  readFileSync(join(__dirname, 'testdata', 'mixer-expressions.yaml'), 'utf8'),
) as Configuration;
const vocabulary = new Vocabulary(new Map(Object.entries(attributes)));

const request: Readonly<Record<string, Value>> = {
  'context.protocol': 'http',
  'context.reporter.kind': 'outbound',
  'request.useragent': 'curl/8',
  'request.headers': new Map([
    ['clnt', 'abc'],
    ['x-request-id', '17'],
  ]),
  'source.labels': new Map([['app', 'productpage']]),
  'destination.labels': new Map([['app', 'ratings']]),
  'response.code': 404,
  'source.ip': Uint8Array.of(10, 0, 0, 1),
  'response.duration': 3_000_000,
};

describe("S43 a user's expressions", () => {
  it('are many', () => {
    expect(expressions.length).toBeGreaterThan(60);
  });

  it.each(expressions.map(({ text, type }) => [text, type] as const))('%s compiles to a %s', (text, type) => {
    const compiled = compile(text, vocabulary);
    expect(compiled.type).toBe(type);
    for (const values of [request, {}, { 'context.protocol': 'tcp', 'connection.event': 'open' }]) {
      let expected: Value | undefined;
      try {
        expected = evaluateTree(compiled.ast, { values, types: attributes });
      } catch (error) {
        if (!(error instanceof EvaluationFailure)) throw error;
        expect(compiled.failure(bagOf(vocabulary, values))).toBe(error.message);
      }
      expect(compiled.evaluate(bagOf(vocabulary, values))).toEqual(expected);
    }
  });

  it('come out as they should', () => {
    const evaluate = (where: string, values: Readonly<Record<string, Value>> = request): unknown => {
      const found = expressions.find((expression) => expression.in.includes(where));
      return compile(found?.text ?? '', vocabulary).evaluate(bagOf(vocabulary, values));
    };
    expect(evaluate('rule/promhttp match')).toBe(true);
    expect(evaluate('rule/promhttp match', { ...request, 'request.useragent': 'kube-probe/1.2' })).toBe(false);
    expect(evaluate('rule/promhttp match', {})).toBeUndefined();
    expect(evaluate('rule/mixerdenysome match')).toBe(true);
    expect(evaluate('rule/checkwl match')).toBe(true);
    expect(evaluate('rule/checkwl match', {})).toBe(false);
    expect(evaluate('metric/requestcount dimensions.reporter')).toBe('client');
    expect(evaluate('metric/requestcount dimensions.response_code')).toBe(404);
    expect(evaluate('metric/requestcount value')).toBe(1);
    expect(evaluate('metric/requestduration value')).toBe(3_000_000);
    expect(evaluate('logentry/accesslog variables.latency', {})).toBe(0);
    expect(evaluate('quota/requestcount dimensions.destination')).toBe('ratings');
  });

  it('can be planned', () => {
    const rule = compile('context.protocol == "tcp" && ((connection.event | "na") == "open")', vocabulary);
    expect(equalities(rule.ast)).toEqual([
      { attribute: 'context.protocol', key: undefined, value: 'tcp', type: 'STRING' },
    ]);
    expect(attributesOf(rule.ast)).toEqual({ names: ['context.protocol', 'connection.event'], keys: [] });
  });
});
