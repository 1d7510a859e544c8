/** What is wrong: the text, the types in it, or that nothing can evaluate it. */
export type CexlErrorKind = 'syntax' | 'type' | 'compile';

/** An expression that cannot be used. The message is Mixer's where Mixer has one. */
export class CexlError extends Error {
  override readonly name = 'CexlError';
  readonly kind: CexlErrorKind;
  /** The place in the text, from 1, in UTF-16 units. */
  readonly column: number;

  constructor(kind: CexlErrorKind, message: string, offset: number) {
    super(message);
    this.kind = kind;
    this.column = offset + 1;
  }
}
