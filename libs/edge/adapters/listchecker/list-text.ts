import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import { caseInsensitiveEntries, regexEntries, stringEntries, type Entries, type EntryType } from './entries';
import { IpEntries, parseRange, type IpRange } from './ip-entries';

/**
 * The list of a provider's text, with entries of one's own. Strings and patterns stand one a line; addresses are YAML,
 * `whitelist: [10.0.0.0/8, 2001:db8::1]`. Throws for a text that is no such list, and for an entry that is none.
 */
export function readList(type: EntryType, text: string | undefined, overrides: readonly string[]): Entries {
  if (type === 'IP_ADDRESSES')
    return new IpEntries([...(text === undefined ? [] : yamlList(text)), ...overrides].map(range));
  const entries = [...(text === undefined ? [] : text.split(/\r?\n/)), ...overrides];
  switch (type) {
    case 'STRINGS':
      return stringEntries(entries);
    case 'CASE_INSENSITIVE_STRINGS':
      return caseInsensitiveEntries(entries);
    case 'REGEX':
      return regexEntries(entries);
  }
}

/** Why entries of one's own are no list of a type. */
export function listProblem(type: EntryType, entries: readonly string[]): string | undefined {
  try {
    readList(type, undefined, entries);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function range(text: string): IpRange {
  const found = parseRange(text);
  if (found === undefined) throw new Error(`${JSON.stringify(text.slice(0, 100))} is neither an IP address nor a CIDR`);
  return found;
}

/** An empty text is no list: who means an empty one says `whitelist: []`. */
function yamlList(text: string): string[] {
  const document: unknown = load(text, { schema: FAILSAFE_SCHEMA });
  const list: unknown =
    typeof document === 'object' && document !== null && Object.hasOwn(document, 'whitelist')
      ? (document as { whitelist: unknown }).whitelist
      : undefined;
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string'))
    throw new Error('it is not YAML of the form "whitelist: [CIDR, …]"');
  return list;
}
