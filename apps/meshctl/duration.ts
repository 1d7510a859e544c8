import { parseDuration } from '@keelson/edge/service';
import { usageError } from './exit';

/** Milliseconds of a duration that a flag gives. */
export function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError(`${flag}: '${text}' is no duration; write 500ms, 30s, 5m or 24h`);
  return ms;
}
