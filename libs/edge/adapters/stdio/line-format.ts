import type { Instant, Int64, StringMap, Value, ValueType } from '@keelson/core/attributes';
import { formatDouble, formatDuration, formatIp } from '@keelson/core/cexl';
import type { InstanceValues } from '@keelson/core/policy';
import { instantText } from './instant-text';
import type { Level } from './settings';

const levelWords: Readonly<Record<Level, string>> = { INFO: 'info', WARNING: 'warn', ERROR: 'error' };

/** A value that stands in a line: where it is found, and what of the line does not change. */
interface Field {
  readonly name: string;
  readonly before: string;
  readonly text: (value: Value) => string;
}

/** The values of a line: one by itself, which comes first, and any number by name. */
export interface LineValues {
  readonly value?: Value | undefined;
  readonly named: InstanceValues;
}

/**
 * Writes what one instance gives as lines, as Mixer's stdio adapter has them: JSON (`{"level", "time", "instance", …}`) or
 * for a terminal (level, time and instance between tabs, then JSON). Named values stand in the order of their names; those
 * that the instance lacks are left out.
 */
export class LineFormat {
  readonly #instance: string;
  readonly #valueBefore: string;
  readonly #value: ((value: Value) => string) | undefined;
  readonly #fields: readonly Field[];

  constructor(
    private readonly instance: string,
    valueType: ValueType | undefined,
    types: Readonly<Record<string, ValueType>>,
    private readonly json: boolean,
  ) {
    const colon = json ? ':' : ': ';
    this.#instance = quote(instance);
    this.#valueBefore = `"value"${colon}`;
    this.#value = valueType && textWriter(valueType);
    this.#fields = Object.keys(types)
      .sort()
      .map((name) => ({
        name,
        before: `${JSON.stringify(name)}${colon}`,
        text: textWriter(types[name] as ValueType),
      }));
  }

  line(level: Level, time: Instant, { value, named }: LineValues): string {
    const { json } = this;
    const at = instantText(time);
    const word = levelWords[level];
    const comma = json ? ',' : ', ';
    // Joined and not added up: what waits to be written is then one text, and no tree of pieces.
    const parts = json
      ? ['{"level":"', word, '","time":"', at, '","instance":', this.#instance]
      : [at, '\t', word, '\t', this.instance];
    let between = json ? ',' : '\t{';
    if (this.#value && value !== undefined) {
      parts.push(between, this.#valueBefore, this.#value(value));
      between = comma;
    }
    for (const { name, before, text } of this.#fields) {
      const field = named[name] as Value | undefined;
      if (field === undefined) continue;
      parts.push(between, before, text(field));
      between = comma;
    }
    parts.push(json || between === comma ? '}\n' : '\n');
    return parts.join('');
  }
}

/** How values of a type stand in JSON. */
function textWriter(type: ValueType): (value: Value) => string {
  switch (type) {
    case 'STRING':
    case 'EMAIL_ADDRESS':
    case 'URI':
    case 'DNS_NAME':
      return (value) => quote(value as string);
    case 'INT64':
    case 'BOOL':
      return String;
    case 'DOUBLE':
      return (value) => (Number.isFinite(value) ? formatDouble(value as number) : `"${formatDouble(value as number)}"`);
    case 'TIMESTAMP':
      return (value) => `"${instantText(value as Instant)}"`;
    case 'DURATION':
      return (value) => `"${formatDuration(value as Int64)}"`;
    case 'IP_ADDRESS':
      return (value) => `"${formatIp(value as Uint8Array)}"`;
    case 'STRING_MAP':
      return (value) => {
        const entries = [...(value as StringMap).entries()].sort(([a], [b]) => (a < b ? -1 : 1));
        return `{${entries.map(([key, text]) => `${quote(key)}:${quote(text)}`).join(',')}}`;
      };
  }
}

/** A text in JSON. Short ones of plain characters, as nearly all are, cost half of what JSON.stringify takes. */
function quote(text: string): string {
  if (text.length > 64) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}
