import { FractionalPercent_DenominatorType, type FractionalPercent } from '@keelson/api/envoy/type/v3/percent';

/** A share of requests, 0 to 100, to four digits behind the point. */
export function share(percent: number): FractionalPercent {
  return { numerator: Math.round(percent * 10_000), denominator: FractionalPercent_DenominatorType.MILLION };
}
