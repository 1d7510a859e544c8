import { join } from 'node:path';
import { encodeAttributes, MapBag, readAttributes, type Vocabulary, WireVocabulary } from '@keelson/core/attributes';
import { compile } from '@keelson/core/cexl';
import { costOf, costOnFresh, type Effort } from '../measure/cost';
import { task } from '../measure/task';
import { loadPolicy } from '../mixer/configuration';
import { recordOf } from '../mixer/records';

export interface CexlInput {
  readonly root: string;
  readonly expressions: readonly string[];
  readonly effort: Effort;
}

/** Nanoseconds, by expression. */
export interface CexlCosts {
  readonly text: string;
  readonly mapBag: number;
  /** On a bag whose values nobody has read before. */
  readonly wireBag: number;
  /** On a bag that keeps what was read before. */
  readonly wireBagAgain: number;
  readonly compile: number;
}

export type CexlTask = (input: CexlInput) => CexlCosts[];

task<CexlTask>(async ({ root, expressions, effort }, tell) => {
  const { vocabulary } = (await loadPolicy(join(root, 'apps/mixer/testing/mixer-full'))).plan;
  return expressions.map((text) => {
    tell(`CEXL: ${text}`);
    return costsOf(text, vocabulary, effort);
  });
});

function costsOf(text: string, vocabulary: Vocabulary, effort: Effort): CexlCosts {
  const expression = compile(text, vocabulary);
  const records = Array.from({ length: 8 }, (_, i) => recordOf(i, 'report'));
  const mapBags = records.map(
    (record) => new MapBag(vocabulary, new Map([...record].map(([name, { value }]) => [name, value]))),
  );
  const wire = new WireVocabulary(vocabulary);
  const messages = records.map((record) => encodeAttributes(record));
  const decoded = (i: number) => readAttributes(wire, messages[i & 7] ?? Buffer.alloc(0));
  const wireBags = messages.map((_, i) => decoded(i));
  const bagAt = <B>(bags: readonly B[], i: number): B => {
    const bag = bags[i];
    if (bag === undefined) throw new RangeError(`there is no bag ${i}`);
    return bag;
  };
  return {
    text,
    mapBag: costOf((i) => expression.evaluate(bagAt(mapBags, i & 7)), effort),
    wireBag: costOnFresh(decoded, (bag) => expression.evaluate(bag), effort),
    wireBagAgain: costOf((i) => expression.evaluate(bagAt(wireBags, i & 7)), effort),
    compile: costOf(() => compile(text, vocabulary), effort),
  };
}
