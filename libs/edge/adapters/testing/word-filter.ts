import { textOf } from '@keelson/core/cexl';
import type { Value, ValueType } from '@keelson/core/attributes';
import { defineAdapter, durationSchema, milliseconds, type HandlerProblem, type Verdict } from '@keelson/core/policy';

interface Settings {
  words: string[];
  validDuration: string;
}

/** Refuses values whose text holds one of some words. */
export const wordfilter = defineAdapter<Settings>({
  name: 'wordfilter',
  plural: 'wordfilters',
  description: 'Refuses values that hold a word which is not wanted',
  templates: ['listentry'],
  schema: {
    type: 'object',
    properties: {
      words: { type: 'array', items: { type: 'string' } },
      validDuration: durationSchema('10s'),
    },
    required: ['words'],
    additionalProperties: false,
  },
  validate({ words, validDuration }, report) {
    for (const [i, word] of words.entries()) if (word === '') report(`words[${i}]`, 'is empty');
    if (milliseconds(validDuration) < 0) report('validDuration', 'must not be negative');
  },
  open({ words, validDuration }, { instances, log }) {
    const types = new Map([...instances.values()].map(({ name, types: { value } }) => [name, value as ValueType]));
    const validity = { validForMs: milliseconds(validDuration), validUses: 1000 };
    const problems: HandlerProblem[] = words.length === 0 ? [{ field: 'words', message: 'nothing is refused' }] : [];
    let refused = 0;
    return {
      check({ name, values: { value } }): Verdict {
        const type = types.get(name);
        if (type === undefined) throw new Error(`${name} has no value`);
        const text = textOf(value as Value, type);
        const found = words.find((word) => text.includes(word));
        if (found === undefined) return { code: 0, message: '', ...validity };
        refused++;
        return { code: 7, message: `${found} is not wanted here`, ...validity };
      },
      problems: () => problems,
      close() {
        log.info({ refused }, 'the filter is closed');
      },
    };
  },
});
