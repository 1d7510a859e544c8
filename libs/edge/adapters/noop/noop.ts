import { defineAdapter, templates, type Grant, type Handler, type Verdict } from '@keelson/core/policy';

/** As long, and for as many requests, as Mixer's noop says: in practice the other limits decide. */
const always = { validForMs: 1e12, validUses: 1e9 };
const yes: Verdict = { code: 0, message: '', ...always };

const handler: Handler = {
  check: () => yes,
  quota: (_, { amount }): Grant => ({ amount, validForMs: always.validForMs }),
  report: () => undefined,
};

/** Does nothing with anything: for trials, and to switch a rule off without taking it apart. */
export const noop = defineAdapter<object>({
  name: 'noop',
  plural: 'noops',
  description: 'Does nothing, and agrees with everything',
  templates: templates.map(({ name }) => name),
  schema: { type: 'object', properties: {}, additionalProperties: false },
  open: () => handler,
});
