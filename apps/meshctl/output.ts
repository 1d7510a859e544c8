import { stringify } from 'yaml';
import { usageError } from './exit';

export type OutputFormat = 'table' | 'json' | 'yaml';

/** The format that `-o` asks for. */
export function outputFormat(flag: string | undefined): OutputFormat {
  if (flag === undefined) return 'table';
  if (flag === 'json' || flag === 'yaml') return flag;
  throw usageError(`-o: '${flag}' is no output format; there are json and yaml`);
}

/** Prints a value as JSON or YAML, or as what `people` makes of it. */
export function print(format: OutputFormat, value: unknown, people: () => string): void {
  const text =
    format === 'json' ? JSON.stringify(value, undefined, 2) : format === 'yaml' ? stringify(value).trimEnd() : people();
  process.stdout.write(`${text}\n`);
}

/** Columns as wide as what stands in them. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}
