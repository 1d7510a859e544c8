/** A sample of an export. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an export says of one metric. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const numberForm = /^(NaN|[+-]Inf|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i;

/**
 * Reads Prometheus' text format 0.0.4 and holds it to all that the format demands: one HELP and TYPE before the samples of
 * each metric, all of its samples together, none twice, every escape a known one, buckets that add up and end with +Inf.
 * Throws for anything else. https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function parseText(text: string): Family[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  let help: { name: string; text: string } | undefined;
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (reason: string): never => {
      throw new Error(`${reason}: ${line}`);
    };
    const helpLine = new RegExp(`^# HELP (${nameForm}) (.*)$`).exec(line);
    const typeLine = new RegExp(`^# TYPE (${nameForm}) (counter|gauge|histogram|summary|untyped)$`).exec(line);
    if (helpLine) {
      const [, name = '', escaped = ''] = helpLine;
      if (families.has(name)) fail('a second HELP');
      help = { name, text: unescape(escaped, '\\n') ?? fail('an unknown escape') };
      family = undefined;
    } else if (typeLine) {
      const [, name = '', type = ''] = typeLine;
      if (help?.name !== name) fail('TYPE without HELP in front');
      if (families.has(name)) fail('a second TYPE');
      families.set(name, (family = { name, help: help?.text ?? '', type, samples: [] }));
      help = undefined;
    } else if (line.startsWith('#')) fail('a comment that is none of this exporter');
    else {
      const sample = parseSample(line) ?? fail('no sample');
      if (!family) return fail('a sample of no metric');
      const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!suffixes.some((suffix) => sample.name === `${family?.name ?? ''}${suffix}`))
        fail('a sample of another metric');
      family.samples.push(sample);
    }
  }
  for (const each of families.values()) judge(each);
  return [...families.values()];
}

function parseSample(line: string): Sample | undefined {
  const [, name = ''] = new RegExp(`^(${nameForm})`).exec(line) ?? [];
  if (name === '') return undefined;
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    for (;;) {
      const [pair = '', label = '', escaped = ''] = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/.exec(rest) ?? [];
      const value = unescape(escaped, '"\\n');
      if (pair === '' || value === undefined || Object.hasOwn(labels, label)) return undefined;
      labels[label] = value;
      rest = rest.slice(pair.length);
      if (rest.startsWith('}')) break;
      if (!rest.startsWith(',')) return undefined;
      rest = rest.slice(1);
    }
    rest = rest.slice(1);
  }
  const [, number = ''] = /^ (\S+)$/.exec(rest) ?? [];
  if (!numberForm.test(number)) return undefined;
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}

/** Undefined where a backslash stands before anything but one of these. */
function unescape(text: string, known: string): string | undefined {
  let plain = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character !== '\\') {
      plain += character;
      continue;
    }
    const next = text.charAt(++i);
    if (next === '' || !known.includes(next)) return undefined;
    plain += next === 'n' ? '\n' : next;
  }
  return plain;
}

function judge({ name, type, samples }: Family): void {
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const buckets = new Map<string, { bound: number; count: number }[]>();
  for (const { name: full, labels, value } of samples) {
    const key = `${full}${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    if (type === 'counter' && !(value >= 0)) throw new Error(`a counter below 0: ${key}`);
    if (type !== 'histogram') continue;
    const { le, ...own } = labels;
    const series = JSON.stringify(Object.entries(own).sort());
    if (full === `${name}_count`) counts.set(series, value);
    if (full !== `${name}_bucket`) continue;
    const list = buckets.get(series) ?? [];
    buckets.set(series, list);
    list.push({ bound: Number(le?.replace('Inf', 'Infinity')), count: value });
  }
  for (const [series, list] of buckets) {
    if (list.at(-1)?.bound !== Infinity) throw new Error(`the last bucket is not +Inf: ${series}`);
    if (list.at(-1)?.count !== counts.get(series)) throw new Error(`count is not that of +Inf: ${series}`);
    for (const [i, { bound, count }] of list.entries()) {
      const before = list[i - 1];
      if (before && (bound <= before.bound || count < before.count))
        throw new Error(`buckets do not add up: ${series}`);
    }
  }
  if (buckets.size !== counts.size) throw new Error(`buckets without a count: ${name}`);
}
