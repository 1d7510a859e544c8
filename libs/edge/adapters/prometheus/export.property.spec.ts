import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { instance } from '../testing/open-adapter';
import type { Sample } from './testing/parse-text';
import { TrialExport } from './testing/trial-export';

describe('an export', () => {
  const labels = fc.record({
    a: fc.oneof(fc.constantFrom('', 'x', '\0', '\u0001x', '"', '\\', '\n'), anyText()),
    b: fc.oneof(fc.constantFrom('', 'x', 'x\u0001'), fc.string()),
  });
  const observation = fc.record({ labels, value: fc.oneof(fc.nat(20), fc.double({ min: 0, max: 1e9, noNaN: true })) });

  it('S45: says what another client library says of the same observations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(observation, { maxLength: 30 }), async (observations) => {
        const trial = new TrialExport();
        const kinds = { c: 'COUNTER', g: 'GAUGE', h: 'DISTRIBUTION' };
        const instances = Object.keys(kinds).map((name) =>
          instance(`${name}.metric.x`, 'metric', { value: 'DOUBLE', dimensions: { a: 'STRING', b: 'STRING' } }),
        );
        const bounds = [1, 10, 1e6];
        const handler = trial.open(
          {
            metrics: Object.entries(kinds).map(([name, kind]) => ({
              name,
              kind,
              namespace: 't',
              instanceName: `${name}.metric.x`,
              labelNames: ['a', 'b'],
              buckets: { explicitBuckets: { bounds } },
            })),
          },
          instances,
        );
        const register = new Registry();
        const shape = { help: 'h', labelNames: ['a', 'b'], registers: [register] };
        const theirs = {
          c: new Counter({ name: 't_c', ...shape }),
          g: new Gauge({ name: 't_g', ...shape }),
          h: new Histogram({ name: 't_h', buckets: bounds, ...shape }),
        };
        for (const { labels, value } of observations) {
          void handler.report?.(
            instances.map(({ name }) => ({ name, template: 'metric', values: { value, dimensions: labels } })),
          );
          theirs.c.inc(labels, value);
          theirs.g.set(labels, value);
          theirs.h.observe(labels, value);
        }
        const expected = (await register.getMetricsAsJSON()).flatMap(({ name, values }) =>
          values.map((one) => ({
            name: (one as { metricName?: string }).metricName ?? name,
            labels: one.labels,
            value: one.value,
          })),
        );
        expect(comparable(trial.samples())).toEqual(comparable(expected));
      }),
      { numRuns: 100 },
    );
  });
});

function comparable(samples: readonly { name: string; labels: Sample['labels'] | object; value: number }[]): string[] {
  return samples
    .map(({ name, labels, value }) => {
      const entries = Object.entries(labels as Record<string, string | number>).map(([label, text]) => [
        label,
        label === 'le' ? String(Number(String(text).replace('Inf', 'Infinity'))) : String(text),
      ]);
      return JSON.stringify([name, entries.sort(), value]);
    })
    .sort();
}
