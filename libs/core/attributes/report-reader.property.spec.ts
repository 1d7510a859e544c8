import fc from 'fast-check';
import { encodeReportRequest } from './encode';
import { ReportReader } from './report-reader';
import { delta, independent, readAll } from './testing/reports';
import { compress } from './testing/judge';
import { mutations, scraps } from '@keelson/core/testing';
import { attributeSets } from './testing/random-attributes';
import { contentsOfSet, wire } from './testing/samples';

describe('reports of any records', () => {
  const batches = fc.array(attributeSets(), { maxLength: 6 });

  it('are read as they were written', () => {
    let deltas = 0;
    const property = fc.property(batches, fc.nat(222), (records, globalWordCount) => {
      const bytes = encodeReportRequest(records, globalWordCount);
      if (!new ReportReader(wire, bytes).independent) deltas++;
      expect(readAll(bytes)).toEqual(records.map(contentsOfSet));
    });
    fc.assert(property, { numRuns: 60 });
    expect(deltas).toBeGreaterThan(5);
  });

  it('are the same in delta and in independent encoding, as another client writes them', () => {
    // Each record has at least what the one before has.
    const growing = fc.array(attributeSets({ exact: true }), { minLength: 2, maxLength: 5 }).map((sets) => {
      const all = new Map(sets[0]);
      return sets.map((set) => new Map([...set].reduce((whole, [name, value]) => whole.set(name, value), all)));
    });
    fc.assert(
      fc.property(growing, fc.func(fc.boolean()), (records, ownWord) => {
        const changes = records.map((record, i) => {
          const before = records[i - 1];
          return new Map([...record].filter(([name, value]) => before?.get(name) !== value));
        });
        const whole = independent(...records.map((record) => compress(record, ownWord)));
        const differences = delta(...changes.map((record) => compress(record, ownWord)));
        expect(readAll(differences)).toEqual(readAll(whole));
        expect(readAll(whole)).toEqual(records.map(contentsOfSet));
      }),
      { numRuns: 50 },
    );
  });

  it('never crash the reader when bytes are wrong', () => {
    const check = (bytes: Buffer): void => {
      let all: unknown[];
      try {
        all = readAll(bytes);
      } catch (error) {
        expect(String(error)).toMatch(/^ProblemError: ReportRequest: /);
        return;
      }
      expect(all.length).toBeLessThanOrEqual(bytes.length);
    };
    fc.assert(
      fc.property(batches, fc.nat(), (records, seed) => {
        for (const bytes of mutations(encodeReportRequest(records), seed, 20)) check(bytes);
        for (const bytes of scraps(seed, 20)) check(bytes);
      }),
      { numRuns: 30 },
    );
  });
});
