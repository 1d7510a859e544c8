import { conditions, type References } from './references';
import type { Vocabulary } from './vocabulary';
import { WireWriter } from './wire-writer';
import { WordList } from './word-list';

const fields = { WORDS: 1, ATTRIBUTE_MATCHES: 2 } as const;

/**
 * The bytes of an `istio.mixer.v1.ReferencedAttributes`, in the order of `References.list`. Words are told by the global
 * list as far as the caller knows it, others are put along.
 *
 * A match without map key has the key 0, which on the wire is also the word 0 of the global list, `source.ip`. Here a key
 * of that name is put among the message's own words, so that 0 always means no key. A string map of which all entries
 * were read is an EXACT match without key: Mixer's own client compares the whole map then; Istio's looks for a key
 * `source.ip`, finds none, and does not keep the answer, which is right, for it cannot compare whole maps.
 */
export function encodeReferences(references: References, vocabulary: Vocabulary, globalWordCount: number): Buffer {
  const words = new WordList(globalWordCount);
  const matches = new WireWriter(256);
  for (const { slot, key, condition } of references.list()) {
    const name = vocabulary.names[slot];
    if (name === undefined) continue;
    const match = matches.open(fields.ATTRIBUTE_MATCHES);
    matches.sint32(1, words.indexOf(name));
    matches.uint32(2, conditions[condition]);
    if (key !== undefined) matches.sint32(4, words.indexOf(key) || words.ownIndexOf(key));
    matches.close(match);
  }
  return Buffer.concat([words.encode(fields.WORDS), matches.bytes]);
}
