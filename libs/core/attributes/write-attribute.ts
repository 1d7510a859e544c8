import { type Attribute, requireType } from './attribute';
import type { Int64 } from './value';
import { fieldOfType } from './wire-vocabulary';
import type { WireWriter } from './wire-writer';
import type { WordList } from './word-list';

const key = 1;
const value = 2;

/** Writes one attribute as an entry of a `CompressedAttributes`. */
export function writeAttribute(writer: WireWriter, words: WordList, name: string, attribute: Attribute): void {
  requireType(name, attribute.type, attribute.value);
  const entry = writer.open(fieldOfType[attribute.type]);
  writer.sint32(key, words.indexOf(name));
  writeValue(writer, words, attribute);
  writer.close(entry);
}

/** The type of the value was proven. */
function writeValue(writer: WireWriter, words: WordList, attribute: Attribute): void {
  switch (attribute.type) {
    case 'STRING':
    case 'EMAIL_ADDRESS':
    case 'URI':
    case 'DNS_NAME':
      writer.sint32(value, words.indexOf(attribute.value));
      return;
    case 'INT64':
      writer.int64(value, attribute.value);
      return;
    case 'DOUBLE':
      writer.double(value, attribute.value);
      return;
    case 'BOOL':
      writer.bool(value, attribute.value);
      return;
    case 'TIMESTAMP': {
      const { seconds, nanos } = attribute.value;
      writeSecondsAndNanos(writer, seconds, nanos);
      return;
    }
    case 'DURATION': {
      const nanos = attribute.value;
      // Both parts have the sign of the whole.
      if (typeof nanos === 'number') writeSecondsAndNanos(writer, Math.trunc(nanos / 1e9), nanos % 1e9);
      else writeSecondsAndNanos(writer, nanos / 1_000_000_000n, Number(nanos % 1_000_000_000n));
      return;
    }
    case 'IP_ADDRESS':
      writer.blob(value, attribute.value);
      return;
    case 'STRING_MAP': {
      const map = writer.open(value);
      for (const [name, text] of attribute.value.entries()) {
        const entry = writer.open(1);
        writer.sint32(key, words.indexOf(name));
        writer.sint32(value, words.indexOf(text));
        writer.close(entry);
      }
      writer.close(map);
      return;
    }
  }
}

function writeSecondsAndNanos(writer: WireWriter, seconds: Int64, nanos: number): void {
  const mark = writer.open(value);
  writer.int64(1, seconds);
  writer.int64(2, nanos);
  writer.close(mark);
}
