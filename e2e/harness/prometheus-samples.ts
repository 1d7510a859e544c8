import { http } from './http';

/** A sample of a metric. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** The samples of a metric that are shown at some places together: those with equal labels are added up. */
export async function prometheusSamples(urls: readonly string[], metric: string): Promise<Sample[]> {
  const sums = new Map<string, number>();
  for (const url of urls)
    for (const line of (await http(url)).text.split('\n')) {
      const [, labels = '', value] = new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`).exec(line) ?? [];
      if (value !== undefined) sums.set(labels, (sums.get(labels) ?? 0) + Number(value));
    }
  return [...sums].map(([labels, value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])),
    value,
  }));
}
