/** What a setting's value is, by the type that its declaration names. A duration is milliseconds. */
export interface SettingTypes {
  string: string;
  number: number;
  boolean: boolean;
  duration: number;
  list: readonly string[];
}

interface Declaration<K extends keyof SettingTypes> {
  type: K;
  /** Without one it is the empty value of its type. A duration may be written as a user would: `30s`. */
  default?: SettingTypes[K] | (K extends 'duration' ? string : never);
  help: string;
}

/** The declaration of one setting: flag `--data-dir`, environment variable `KEELSON_DATA_DIR`, key `dataDir`. */
export type SettingSpec = { [K in keyof SettingTypes]: Declaration<K> }[keyof SettingTypes];

/** The values that a set of declarations yields. */
export type SettingValues<S extends Record<string, SettingSpec>> = {
  readonly [K in keyof S]: SettingTypes[S[K]['type']];
};

/** A flag or variable that cannot be understood; its message is the one line that the user sees. */
export class SettingsError extends Error {}

/** What was read: the values, whether help was asked for, and the words after `--`. */
export interface SettingsReading<S extends Record<string, SettingSpec>> {
  values: SettingValues<S>;
  help: boolean;
  command: string[];
}

/** A program's settings: reads them from flags and environment, and explains them. */
export interface SettingsSpec<S extends Record<string, SettingSpec>> {
  readonly declarations: S;
  read(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): SettingsReading<S>;
  help(program: string): string;
}

/** Declares a program's settings. Flag beats environment beats default. */
export function settings<const S extends Record<string, SettingSpec>>(declarations: S): SettingsSpec<S> {
  const keys = Object.keys(declarations);
  const byFlag = new Map(keys.map((key) => [flagOf(key), key]));
  const declared = (key: string): SettingSpec => declarations[key] as SettingSpec;

  function read(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): SettingsReading<S> {
    const values: Record<string, unknown> = {};
    for (const key of keys) {
      const fromEnv = env[variableOf(key)];
      values[key] =
        fromEnv === undefined ? defaultOf(declared(key)) : parse(key, declared(key), fromEnv, variableOf(key));
    }
    let help = false;
    let command: string[] = [];
    for (let at = 0; at < argv.length; at++) {
      const word = argv[at] ?? '';
      if (word === '--') {
        command = argv.slice(at + 1);
        break;
      }
      if (word === '--help' || word === '-h') {
        help = true;
        continue;
      }
      const equals = word.indexOf('=');
      const flag = equals < 0 ? word : word.slice(0, equals);
      const key = byFlag.get(flag);
      if (key === undefined)
        throw new SettingsError(
          word.startsWith('-')
            ? `unknown flag ${flag} (--help lists them)`
            : `unexpected argument ${JSON.stringify(word)} (--help lists the flags)`,
        );
      const spec = declared(key);
      if (equals >= 0) values[key] = parse(key, spec, word.slice(equals + 1), flag);
      else if (spec.type === 'boolean') values[key] = true;
      else {
        const next = argv[++at];
        if (next === undefined) throw new SettingsError(`${flag} needs a value`);
        values[key] = parse(key, spec, next, flag);
      }
    }
    return { values: values as SettingValues<S>, help, command };
  }

  function help(program: string): string {
    const lines = keys.map((key) => {
      const spec = declared(key);
      const type = spec.type === 'boolean' ? '' : ` <${spec.type}>`;
      const value = written(spec);
      return `  ${flagOf(key)}${type}\n      ${spec.help}${value === '' ? '' : ` [default: ${value}]`} (${variableOf(key)})`;
    });
    return `Usage: ${program} [flags]\n\nEach flag can also be set by the environment variable beside it.\n\n${lines.join('\n')}\n  --help\n      Prints this and ends.\n`;
  }

  return { declarations, read, help };
}

/** `dataDir` → `--data-dir` */
export function flagOf(key: string): string {
  return `--${kebab(key)}`;
}

/** `dataDir` → `KEELSON_DATA_DIR` */
export function variableOf(key: string): string {
  return `KEELSON_${kebab(key).replace(/-/g, '_').toUpperCase()}`;
}

/** Milliseconds of a duration as users write it: `250ms`, `30s`, `1m30s`, `24h`, `7d`; a bare 0 is 0. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(amount) * unitMs(unit);
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;
}

/** A duration as users write it, in the largest unit that divides it. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'])
    if (ms !== 0 && ms % unitMs(unit) === 0) return `${ms / unitMs(unit)}${unit}`;
  return `${ms}ms`;
}

function unitMs(unit: string | undefined): number {
  return { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? ''] ?? NaN;
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function defaultOf(spec: SettingSpec): SettingTypes[keyof SettingTypes] {
  if (spec.type === 'duration')
    return typeof spec.default === 'string' ? (parseDuration(spec.default) ?? 0) : (spec.default ?? 0);
  return spec.default ?? { string: '', number: 0, boolean: false, list: [] }[spec.type];
}

function written(spec: SettingSpec): string {
  const value = defaultOf(spec);
  if (spec.type === 'duration' && typeof value === 'number') return formatDuration(value);
  return Array.isArray(value) ? value.join(',') : String(value);
}

function parse(key: string, spec: SettingSpec, text: string, where: string): SettingTypes[keyof SettingTypes] {
  const refuse = (expected: string): never => {
    throw new SettingsError(`${where}: ${JSON.stringify(text)} is not ${expected}`);
  };
  switch (spec.type) {
    case 'string':
      return text;
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'boolean':
      return text === 'true' || text === '1'
        ? true
        : text === 'false' || text === '0' || text === ''
          ? false
          : refuse('true or false');
    case 'duration':
      return parseDuration(text) ?? refuse('a duration such as 250ms, 30s or 24h');
    case 'number': {
      if (/port$/i.test(key)) {
        // An empty port switches a listener off, as 0 does.
        if (text === '') return 0;
        return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : refuse('a port from 0 to 65535');
      }
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : refuse('a number');
    }
  }
}
