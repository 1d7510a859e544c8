/** Where lines go in the end. */
export interface Output {
  /** Its name, for messages. */
  readonly name: string;
  /** Writes bytes, and tells how many it has taken; at least one. */
  write(bytes: Buffer): Promise<number>;
  close(): Promise<void>;
}

/** A stream of the process, which stays open. */
export class StreamOutput implements Output {
  constructor(
    readonly name: string,
    private readonly stream: NodeJS.WritableStream,
  ) {
    // Without a listener a reader that goes away ends the process.
    stream.on('error', this.#ignore);
  }

  // The callback of a write tells what went wrong.
  readonly #ignore = (): void => undefined;

  async write(bytes: Buffer): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.stream.write(bytes, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    return bytes.length;
  }

  close(): Promise<void> {
    this.stream.off('error', this.#ignore);
    return Promise.resolve();
  }
}
