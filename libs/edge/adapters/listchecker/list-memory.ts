import { Shared } from '../shared';
import type { Entries } from './entries';

/** The last good list of a provider. */
export interface KeptList {
  readonly entries: Entries;
  /** Of the text that it was made of. */
  readonly digest: string;
  /** When it was asked for, and when it came. */
  readonly askedAt: number;
  readonly fetchedAt: number;
}

/**
 * The last good lists of a process. They outlive a handler that is opened anew, since the new one is opened before the old
 * one is closed.
 */
export class ListMemory extends Shared<{ list?: KeptList }> {}
