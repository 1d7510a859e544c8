import { Shared } from '../shared';
import type { Counters } from './counters';
import type { Deduplication } from './deduplication';

/**
 * What the quotas of a process have counted and answered. It outlives a handler that is opened anew, since the new one is
 * opened before the old one is closed.
 */
export class QuotaMemory {
  readonly counters = new Shared<Counters>();
  readonly answers = new Shared<Deduplication>();
}
