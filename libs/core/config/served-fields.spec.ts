import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '.';
import type { Served } from './served';

const page = join(__dirname, '../../../docs/reference/supported-fields.md');

function lines(served: Served, depth: number): string[] {
  return Object.entries(served).flatMap(([field, what]) => {
    const indent = '  '.repeat(depth);
    if (what === true) return [`${indent}- \`${field}\``];
    if (Array.isArray(what)) return [`${indent}- \`${field}\`: ${what.join(', ')}`];
    return [`${indent}- \`${field}\``, ...lines(what as Served, depth + 1)];
  });
}

/** The kinds named after Mixer's templates and adapters have no fields of their own. */
const free = (typeName: string): boolean => typeName === 'google.protobuf.Struct';

function text(): string {
  const parts = kinds
    .filter(({ typeName }) => !free(typeName))
    .map(({ kind, group, versions, served }) =>
      [`## ${kind}`, '', `\`${group}\`, any of ${versions.join(', ')}.`, '', ...lines(served, 0)].join('\n'),
    );
  const old = kinds.filter(({ typeName }) => free(typeName)).map(({ kind }) => `\`${kind}\``);
  parts.push(
    [
      '## Kinds named after a template or an adapter',
      '',
      `\`config.istio.io\`, v1alpha2: ${old.join(', ')}.`,
      '',
      'Their spec is what an `instance` or a `handler` has as `params`: the fields of the template or adapter, if it is here.',
    ].join('\n'),
  );
  return [
    '# Supported fields',
    '',
    'What is served of each kind. Every other field of the API is refused by name, as not supported yet. This page is made from',
    "the kinds' tables: `KEELSON_UPDATE=1 npx jest libs/core/config/served-fields` writes it anew.",
    '',
    parts.join('\n\n'),
    '',
  ].join('\n');
}

it('the page of supported fields says what the tables say', () => {
  if (process.env.KEELSON_UPDATE === '1') writeFileSync(page, text());
  expect(readFileSync(page, 'utf8')).toBe(text());
});
