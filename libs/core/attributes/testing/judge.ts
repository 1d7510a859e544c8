import type { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import type { Attribute, Attributes } from '../attribute';
import { globalWords } from '../dictionary';
import { vocabulary } from './samples';

/**
 * What Mixer makes of decoded attributes, by slow and plain means: the name of an attribute leads to one index, and what
 * stands there counts if it is of the declared type. Apart from the code that is tested.
 */
export function readByName(message: CompressedAttributes): Record<string, unknown> {
  const words = message.words ?? [];
  const wordAt = (index: number): string | undefined => (index < 0 ? words[-index - 1] : globalWords[index]);
  const indexes = new Map<string, number>();
  for (const [index, name] of globalWords.entries()) indexes.set(name, index);
  for (const [index, name] of words.entries()) indexes.set(name, -index - 1);
  const all: [string, unknown][] = [];
  for (const name of vocabulary.names) {
    const index = indexes.get(name);
    const value = index === undefined ? undefined : valueAt(message, index, vocabulary.typeOf(name), wordAt);
    if (value !== undefined) all.push([name, value]);
  }
  return Object.fromEntries(all);
}

function valueAt(
  message: CompressedAttributes,
  index: number,
  type: Attribute['type'] | undefined,
  wordAt: (index: number) => string | undefined,
): unknown {
  switch (type) {
    case 'INT64':
      return message.int64s?.[index];
    case 'DOUBLE':
      return message.doubles?.[index];
    case 'BOOL':
      return message.bools?.[index];
    case 'TIMESTAMP': {
      const { seconds = 0, nanos = 0 } = message.timestamps?.[index] ?? { seconds: Infinity };
      const valid = seconds >= -62_135_596_800 && seconds <= 253_402_300_799 && nanos >= 0 && nanos < 1e9;
      return valid ? { seconds, nanos } : undefined;
    }
    case 'DURATION': {
      const { seconds = 0, nanos = 0 } = message.durations?.[index] ?? { seconds: Infinity };
      if (Math.abs(seconds) > 315_576_000_000 || Math.abs(nanos) >= 1e9 || seconds * nanos < 0) return undefined;
      const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
      if (BigInt.asIntN(64, total) !== total) return undefined;
      return Number.isSafeInteger(Number(total)) ? Number(total) : total;
    }
    case 'IP_ADDRESS': {
      const bytes = message.bytes?.[index];
      return bytes?.length === 4 || bytes?.length === 16 ? `bytes ${Buffer.from(bytes).toString('hex')}` : undefined;
    }
    case 'STRING_MAP': {
      const entries = message.stringMaps?.[index]?.entries;
      if (entries === undefined) return undefined;
      const texts = Object.entries(entries).map(([key, value]) => [wordAt(Number(key)), wordAt(value)] as const);
      if (texts.some(([key, text]) => key === undefined || text === undefined)) return undefined;
      return { map: [...new Map(texts)].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)) };
    }
    default: {
      const word = message.strings?.[index];
      return word === undefined ? undefined : wordAt(word);
    }
  }
}

/**
 * Attributes as another client might compress them.
 *
 * @param ownWord whether a word is put into the message although the global list has it, asked once for each word
 * @param spare words to put in front that nothing uses
 */
export function compress(
  attributes: Attributes,
  ownWord: (word: string) => boolean,
  spare: readonly string[] = [],
): CompressedAttributes {
  const words = [...spare];
  const known = new Map<string, number>();
  const indexOf = (word: string): number => {
    let index = known.get(word);
    if (index !== undefined) return index;
    index = globalWords.lastIndexOf(word);
    if (index < 0 || ownWord(word)) index = -words.push(word);
    known.set(word, index);
    return index;
  };
  const message = {
    words,
    strings: {} as Record<number, number>,
    int64s: {} as Record<number, number>,
    doubles: {} as Record<number, number>,
    bools: {} as Record<number, boolean>,
    timestamps: {} as Record<number, { seconds: number; nanos: number }>,
    durations: {} as Record<number, { seconds: number; nanos: number }>,
    bytes: {} as Record<number, Uint8Array>,
    stringMaps: {} as Record<number, { entries: Record<number, number> }>,
  };
  for (const [name, { type, value }] of attributes) {
    const index = indexOf(name);
    switch (type) {
      case 'INT64':
        message.int64s[index] = Number(value);
        break;
      case 'DOUBLE':
        message.doubles[index] = value;
        break;
      case 'BOOL':
        message.bools[index] = value;
        break;
      case 'TIMESTAMP':
        message.timestamps[index] = value;
        break;
      case 'DURATION': {
        const nanos = BigInt(value);
        message.durations[index] = { seconds: Number(nanos / 10n ** 9n), nanos: Number(nanos % 10n ** 9n) };
        break;
      }
      case 'IP_ADDRESS':
        message.bytes[index] = value;
        break;
      case 'STRING_MAP': {
        const entries = [...value.entries()].map(([key, text]) => [indexOf(key), indexOf(text)]);
        message.stringMaps[index] = { entries: Object.fromEntries(entries) as Record<number, number> };
        break;
      }
      default:
        message.strings[index] = indexOf(value);
    }
  }
  return message;
}
