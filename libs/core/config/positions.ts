import { isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';

/** Finds lines of fields in one document. */
export interface LineFinder {
  /** The line of a field, or of the nearest around it that is there; counted from 1 in the whole input. */
  lineOf(path: readonly (string | number)[]): number;
}

// A reader with positions costs far more than one without, so it reads only what is small and when it is asked.
const largest = 128 * 1024;

/**
 * Finds lines in a text that is known to be valid. `firstLine` is where the text begins in the input, `start` where its
 * content does. Nothing is read before the first question.
 */
export function lineFinder(text: string, firstLine: number, start: number): LineFinder {
  let read: { document: Document; counter: LineCounter } | undefined;
  return {
    lineOf(path) {
      if (text.length > largest || path.length === 0) return start;
      if (!read) {
        const counter = new LineCounter();
        // Keys were found to be unique already, and this check is quadratic.
        const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false });
        read = { document, counter };
      }
      const offset = offsetOf(read.document, path);
      return offset === undefined ? start : firstLine + read.counter.linePos(offset).line - 1;
    },
  };
}

function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (!pair) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = isScalar(node) || isCollection(node) ? (node.range?.[0] ?? offset) : offset;
    } else break;
  }
  return offset;
}
