import {
  QuotaSpec,
  type AttributeMatch,
  type QuotaRule,
  type StringMatch,
} from '@keelson/api/istio/mixer/v1/config/client/quota';
import type { Attributes, CheckCall } from '@keelson/core/attributes';
import { RE2JS } from 're2js';
import { BoundedMap } from '@keelson/edge/service';

type Quotas = NonNullable<CheckCall['quotas']>;

const none: Quotas = new Map();
const compiled = new BoundedMap<string, readonly CompiledRule[]>(256);

/**
 * The quotas that a request takes, by the text that a route has under `istio.quota_specs`: base64 of a `QuotaSpec` with the
 * rules of all that apply. Amounts of one quota add up. A text that is none takes no quotas; a pattern that is none matches
 * nothing.
 */
export function quotasOf(text: string | undefined, attributes: Attributes): Quotas {
  if (text === undefined || text === '') return none;
  let rules = compiled.get(text);
  if (rules === undefined) compiled.set(text, (rules = compile(text)));
  if (rules.length === 0) return none;
  let quotas: Map<string, { amount: number; bestEffort: boolean }> | undefined;
  for (const { matches, charges } of rules) {
    if (!matches(attributes)) continue;
    quotas ??= new Map();
    for (const [name, amount] of charges)
      quotas.set(name, { amount: (quotas.get(name)?.amount ?? 0) + amount, bestEffort: false });
  }
  return quotas ?? none;
}

interface CompiledRule {
  readonly matches: (attributes: Attributes) => boolean;
  readonly charges: readonly (readonly [name: string, amount: number])[];
}

function compile(text: string): readonly CompiledRule[] {
  try {
    const { rules = [] } = QuotaSpec.decode(Buffer.from(text, 'base64'));
    return rules.map(compileRule);
  } catch {
    return [];
  }
}

function compileRule({ match = [], quotas = [] }: QuotaRule): CompiledRule {
  const alternatives = match.map(compileMatch);
  return {
    matches: (attributes) => alternatives.length === 0 || alternatives.some((matches) => matches(attributes)),
    charges: quotas.flatMap(({ quota = '', charge = 0 }) =>
      // Where it is not said how much to charge it is 1: a quota that nobody charges would be none.
      quota === '' || charge < 0 ? [] : [[quota, charge === 0 ? 1 : charge] as const],
    ),
  };
}

function compileMatch({ clause = {} }: AttributeMatch): (attributes: Attributes) => boolean {
  const clauses = Object.entries(clause).map(([name, text]) => [name, compileText(text)] as const);
  return (attributes) =>
    clauses.every(([name, matches]) => {
      const value = attributes.get(name)?.value;
      return typeof value === 'string' && matches(value);
    });
}

function compileText({ matchType }: StringMatch): (text: string) => boolean {
  switch (matchType?.$case) {
    case 'exact':
      return (text) => text === matchType.value;
    case 'prefix':
      return (text) => text.startsWith(matchType.value);
    case 'regex': {
      const pattern = patternOf(matchType.value);
      return (text) => pattern?.matches(text) === true;
    }
    default:
      return () => false;
  }
}

function patternOf(text: string): RE2JS | undefined {
  try {
    return RE2JS.compile(text);
  } catch {
    return undefined;
  }
}
