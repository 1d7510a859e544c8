import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readable, translateCase, type CaseInput, type CaseOutput } from './testdata/case';

const folder = join(__dirname, 'testdata');
const cases = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.in.yaml'))
  .sort();
const kinds: (keyof CaseOutput)[] = ['cluster', 'endpoint', 'listener', 'route', 'virtualHost'];

describe('translation, by pairs of files', () => {
  it.each(cases)('%s', (file) => {
    const input = parse(readFileSync(join(folder, file), 'utf8')) as CaseInput;
    const made = translateCase(input);
    const shown = kinds.filter((kind) => input.show?.includes(kind) ?? true);
    const output = stringify(
      Object.fromEntries(shown.map((kind) => [kind, made[kind].map((built) => readable(kind, built))])),
      { lineWidth: 0, aliasDuplicateObjects: false },
    );
    const path = join(folder, file.replace('.in.yaml', '.out.yaml'));
    // Rewrites the expected file; what it then says is for the reader of the change to judge.
    if (process.env['KEELSON_UPDATE'] === '1') writeFileSync(path, output);
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(output);
  });

  it.each(cases)('%s makes the same bytes each time', (file) => {
    const input = parse(readFileSync(join(folder, file), 'utf8')) as CaseInput;
    const bytes = (output: CaseOutput) =>
      kinds.flatMap((kind) => output[kind].map((built) => Buffer.from(built.body).toString('base64')));
    expect(bytes(translateCase(reversedKeys(input)))).toEqual(bytes(translateCase(input)));
  });
});

/** The same input with the keys of every map the other way round. */
function reversedKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversedKeys) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversedKeys<unknown>(item)]),
  ) as T;
}
