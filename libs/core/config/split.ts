/** The text of one YAML document in a stream of them. */
export interface DocumentText {
  text: string;
  /** The line of the stream on which it starts, counted from 1. */
  line: number;
}

/**
 * Cuts a YAML stream at its document markers, and does nothing else, so that a watcher parses only what changed. By
 * YAML's own rule a marker ends the document wherever it stands at the start of a line, even in a block of text.
 * Documents without text are left out. Joined with their markers the pieces mean what the stream means.
 */
export function splitDocuments(stream: string): DocumentText[] {
  const documents: DocumentText[] = [];
  let start = stream.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  let counted = 0;
  const add = (end: number): void => {
    const text = stream.slice(start, end);
    if (!/[^\s]/.test(text)) return;
    line += countLines(stream, counted, start);
    counted = start;
    documents.push({ text, line });
  };
  for (const at of lineStartsOf(stream, start)) {
    const kind = markerAt(stream, at);
    // Directives (%YAML) belong to the document that the marker behind them begins.
    if (kind === undefined || (kind === '---' && isPrologue(stream, start, at))) continue;
    add(at);
    const endOfLine = lineEnd(stream, at);
    const rest = stream.slice(at + 3, endOfLine).trim();
    // What stands on the marker's own line belongs to the document, unless it is a comment.
    start = kind === '---' && rest !== '' && !rest.startsWith('#') ? at : Math.min(endOfLine + 1, stream.length);
  }
  add(stream.length);
  return documents;
}

/** Where a line starts that may be a marker, in order. */
function* lineStartsOf(stream: string, start: number): Iterable<number> {
  yield start;
  let dashes = stream.indexOf('\n---', start);
  let dots = stream.indexOf('\n...', start);
  while (dashes >= 0 || dots >= 0) {
    if (dots < 0 || (dashes >= 0 && dashes < dots)) {
      yield dashes + 1;
      dashes = stream.indexOf('\n---', dashes + 1);
    } else {
      yield dots + 1;
      dots = stream.indexOf('\n...', dots + 1);
    }
  }
}

function markerAt(stream: string, at: number): '---' | '...' | undefined {
  const kind = stream.startsWith('---', at) ? '---' : stream.startsWith('...', at) ? '...' : undefined;
  const next = stream.charAt(at + 3);
  return next === '' || /\s/.test(next) ? kind : undefined;
}

function lineEnd(stream: string, at: number): number {
  const end = stream.indexOf('\n', at);
  return end < 0 ? stream.length : end;
}

/** Whether there is nothing but directives, comments and blank lines, and at least one directive. */
function isPrologue(stream: string, start: number, end: number): boolean {
  if (!/^(?:[^\S\n]*(?:#[^\n]*)?\n)*%/.test(stream.slice(start, Math.min(end, start + 4096)))) return false;
  return stream
    .slice(start, end)
    .split('\n')
    .every((text) => /^(?:%[^\n]*|\s*(?:#[^\n]*)?)$/.test(text));
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
