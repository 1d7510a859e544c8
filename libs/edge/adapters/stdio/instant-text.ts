import type { Instant } from '@keelson/core/attributes';
import { formatInstant } from '@keelson/core/cexl';

let lastSeconds = NaN;
/** The last text of whole seconds, without its fraction. */
let lastText = '';

/** An instant as `formatInstant` has it. Most are of the same second as the one before, which costs a tenth. */
export function instantText(instant: Instant): string {
  const { seconds, nanos } = instant;
  if (seconds !== lastSeconds) {
    const text = formatInstant(instant);
    // One that is beyond all dates has another form.
    if (!text.endsWith('Z')) return text;
    lastSeconds = seconds;
    lastText = text.slice(0, -8);
    return text;
  }
  return `${lastText}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}
