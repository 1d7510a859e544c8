/** What was measured: a number, a span, or the times of the median, the 99th percentile and the last. */
export type Amount = number | { readonly from: number; readonly to: number } | Latency;

/** Of many that take the same thing up, when the median one had it, 99 of 100, and the last; milliseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
  readonly last: number;
}

/** One measured figure, with those that it is compared with, all in the unit of its column. */
export interface Figure {
  readonly value: Amount;
  /** The same of the system that sets the standard. */
  readonly anchor?: Amount;
  /** What is wanted at the most. */
  readonly goal?: number;
}

/** A table of a part: a row for each thing done, a column for each thing measured. */
export interface Table {
  readonly title: string;
  /** Whose figures the anchors are. */
  readonly anchorOf?: string;
  /** How it was measured, for whoever reads the figures. */
  readonly conditions: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  /** By column: what is measured, with the unit. */
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A table as text: beside each column its anchors and goals, where there are any. */
export function formatTable({ title, anchorOf = 'anchor', conditions, rows }: Table): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))].flatMap((column) => {
    const figures = rows.map((row) => row.figures[column]);
    const parts = [{ head: column, cells: figures.map((figure) => amount(figure?.value)) }];
    if (figures.some((figure) => figure?.anchor !== undefined))
      parts.push({ head: anchorOf, cells: figures.map((figure) => amount(figure?.anchor)) });
    if (figures.some((figure) => figure?.goal !== undefined))
      parts.push({
        head: 'goal',
        cells: figures.map((figure) => (figure?.goal === undefined ? '' : `≤ ${amount(figure.goal)}`)),
      });
    return parts;
  });
  const names = rows.map(({ name }) => name);
  const nameWidth = Math.max(...names.map((name) => name.length));
  const widths = columns.map(({ head, cells }) => Math.max(head.length, ...cells.map((cell) => cell.length)));
  const line = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(nameWidth)}${cells.map((cell, i) => `  ${cell.padStart(widths[i] ?? 0)}`).join('')}`.trimEnd();
  return [
    title,
    line(
      '',
      columns.map(({ head }) => head),
    ),
    ...names.map((name, row) =>
      line(
        name,
        columns.map(({ cells }) => cells[row] ?? ''),
      ),
    ),
    ...wrapped(conditions).map((text) => `  ${text}`),
  ].join('\n');
}

const lineWidth = 116;

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= lineWidth) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function amount(value: Amount | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return digits(value);
  if ('from' in value) return `${digits(value.from)}–${digits(value.to)}`;
  return [value.median, value.p99, value.last].map(digits).join(' / ');
}

/** Three digits that count, or all before the point. */
function digits(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 || magnitude === 0 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: decimals });
}
