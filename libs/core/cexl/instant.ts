import type { Instant } from '@keelson/core/attributes';

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,64}))?(?:Z|([+-])(\d\d):(\d\d))$/;
/** What a JavaScript date can tell, in seconds. */
const maxDateSeconds = 8.64e12;

/** The instant of an RFC 3339 time, as Go's `time.Parse` takes it: digits beyond nanoseconds are dropped. */
export function parseInstant(text: string): Instant | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHour) > 24 || Number(offsetMinute) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that the month lacks has become one of the next.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60 : 60);
  const seconds = date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offset;
  return { seconds, nanos: Number(fraction.slice(0, 9).padEnd(9, '0')) };
}

export function sameInstant(a: Instant, b: Instant): boolean {
  return a.seconds === b.seconds && a.nanos === b.nanos;
}

export function isBefore(a: Instant, b: Instant): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}

/**
 * An instant by RFC 3339 in UTC, with microseconds, as Mixer's adapters print it: `2015-01-02T15:04:35.000000Z`. What is
 * beyond all dates is printed as seconds since 1970.
 */
export function formatInstant({ seconds, nanos }: Instant): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  if (!(Math.abs(seconds) <= maxDateSeconds)) return `${seconds}.${micros}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${micros}Z`;
}
