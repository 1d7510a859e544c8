import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapters } from '@keelson/edge/adapters';
import { validateFiles } from './validation';

describe('S51 files judged without a server', () => {
  it('lives on whatever becomes of sound files, and names lines that are there', () => {
    const metrics = readFileSync(join(__dirname, '../../samples/bookinfo/config/metrics.yaml'), 'utf8');
    const kinds = readFileSync(join(__dirname, '../../libs/core/config/testdata/valid.yaml'), 'utf8');
    const whole = `${metrics}---\n${kinds}`;
    const edit = fc.record({
      at: fc.nat(whole.length),
      drop: fc.nat(40),
      put: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom('\n---\n', '{', ': ', '- ', '\t', '&a ', '*a ', '!!x '),
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), (edits, strict) => {
        let text = whole;
        for (const { at, drop, put } of edits) text = text.slice(0, at) + put + text.slice(at + drop);
        const { errors, warnings } = validateFiles([{ name: 'a.yaml', text }], { adapters, strict });
        const lines = text.split('\n').length;
        for (const { file, line: at = 0, message } of [...errors, ...warnings])
          expect([file, at >= 1 && at <= lines, message !== '']).toEqual(['a.yaml', true, true]);
      }),
      { numRuns: 40 },
    );
  });
});
