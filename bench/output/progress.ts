/** Tells what is being done, on one line that is written over. */
export type Progress = (doing: string) => void;

/** A line of progress on a terminal; anywhere else nothing is told. */
export function progressOn(stream: NodeJS.WriteStream): { tell: Progress; clear: () => void } {
  if (!stream.isTTY) return { tell: () => undefined, clear: () => undefined };
  return {
    tell: (doing) => stream.write(`\r\x1b[K  ${doing.slice(0, Math.max(20, stream.columns - 4))} …`),
    clear: () => stream.write('\r\x1b[K'),
  };
}
