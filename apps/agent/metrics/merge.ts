/** Metrics of one source, in Prometheus' text format. */
export interface MetricsSource {
  name: string;
  text: string;
}

interface Family {
  help: string | undefined;
  type: string | undefined;
  lines: string[];
}

/** Endings by which samples of one family differ from its name. */
const endings = ['_bucket', '_sum', '_count', '_total', '_created', '_info'];

/**
 * Puts metrics of several sources into one answer. The format wants every family once, with its samples together; where two
 * sources have one family, the first says what it is. Two of the same sample would refuse the whole answer, so the first stays.
 */
export function mergeMetrics(sources: readonly MetricsSource[]): string {
  const families = new Map<string, Family>();
  const taken = new Set<string>();
  const shared = new Set<string>();
  for (const { text } of sources) {
    for (const [name, family] of parse(text, families)) {
      const first = families.get(name);
      if (!first) {
        families.set(name, family);
        continue;
      }
      if (!shared.has(name)) {
        shared.add(name);
        for (const line of first.lines) taken.add(seriesOf(line));
      }
      first.help ??= family.help;
      first.type ??= family.type;
      for (const line of family.lines) {
        const series = seriesOf(line);
        if (taken.has(series)) continue;
        taken.add(series);
        first.lines.push(line);
      }
    }
  }
  const out: string[] = [];
  for (const [name, { help, type, lines }] of families) {
    if (lines.length === 0) continue;
    if (help !== undefined) out.push(`# HELP ${name} ${help}`);
    if (type !== undefined) out.push(`# TYPE ${name} ${type}`);
    for (const line of lines) out.push(line);
  }
  return out.length === 0 ? '' : `${out.join('\n')}\n`;
}

/** @param before families of other sources, to which a sample may belong too */
function parse(text: string, before: ReadonlyMap<string, Family>): Map<string, Family> {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family => {
    let family = families.get(name);
    if (!family) families.set(name, (family = { help: undefined, type: undefined, lines: [] }));
    return family;
  };
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, what, name, rest] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: (.*))?$/.exec(line) ?? [];
      if (name === undefined) continue;
      if (what === 'TYPE') familyOf(name).type ??= rest;
      else familyOf(name).help ??= rest ?? '';
      continue;
    }
    const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
    // What is no sample would make the whole answer unreadable.
    if (name === undefined || !/[\s}]/.test(line)) continue;
    familyOf(declaredName(name, families) ?? declaredName(name, before) ?? name).lines.push(line);
  }
  return families;
}

/** The family to which a sample belongs: a histogram's `x_bucket` belongs to `x`, if `x` was declared. */
function declaredName(sample: string, families: ReadonlyMap<string, Family>): string | undefined {
  if (families.get(sample)?.type !== undefined) return sample;
  for (const ending of endings) {
    if (!sample.endsWith(ending)) continue;
    const name = sample.slice(0, -ending.length);
    if (families.get(name)?.type !== undefined) return name;
  }
  return undefined;
}

/** A sample without its value and time. */
function seriesOf(line: string): string {
  const brace = line.lastIndexOf('}');
  return brace >= 0 ? line.slice(0, brace + 1) : (line.split(/\s/, 1)[0] ?? line);
}
