import { checkDocument, parseDocuments } from '@keelson/core/config';
import { costOf, type Effort } from '../measure/cost';
import { task } from '../measure/task';

export interface CheckInput {
  readonly effort: Effort;
  /** Documents of one kind each. */
  readonly kinds: readonly { readonly kind: string; readonly documents: readonly string[] }[];
}

/** Nanoseconds for one object. */
export interface CheckCosts {
  readonly kind: string;
  readonly parse: number;
  readonly check: number;
}

export type CheckTask = (input: CheckInput) => CheckCosts[];

task<CheckTask>(({ kinds, effort }, tell) =>
  kinds.map(({ kind, documents }) => {
    tell(`Galley: checks of ${kind}`);
    const parsed = documents.flatMap((text) => parseDocuments(text));
    return {
      kind,
      parse: costOf((i) => parseDocuments(documents[i % documents.length] ?? ''), effort),
      check: costOf((i) => {
        const document = parsed[i % parsed.length];
        if (document === undefined) throw new Error(`there is no ${kind}`);
        return checkDocument(document, { namespace: 'default' });
      }, effort),
    };
  }),
);
