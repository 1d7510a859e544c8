import type { Locality } from '@keelson/api/envoy/config/core/v3/base';

/** Envoy's form of `region/zone/subzone`; nothing where none is known. */
export function localityOf(text: string): Locality | undefined {
  if (text === '') return undefined;
  const [region = '', zone = '', subZone = ''] = text.split('/');
  return { region, zone, subZone };
}

/**
 * How far a place is: 0 in the same subzone, 1 in the same zone, 2 in the same region, 3 elsewhere.
 */
export function distance(from: string, to: string): number {
  const [a, b] = [from.split('/'), to.split('/')];
  for (let level = 0; level < 3; level++) if ((a[level] ?? '') !== (b[level] ?? '')) return 3 - level;
  return 0;
}
