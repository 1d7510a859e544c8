import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { parseAllDocuments } from 'yaml';
import { ProblemError } from '@keelson/core/problems';
import { parseDocuments, splitDocuments } from '.';

const values = (text: string): unknown[] => parseDocuments(text).map(({ value }) => value);

describe('splitDocuments', () => {
  it('takes time in proportion to the text, whatever markers it has', () => {
    expect(splitDocuments('\n...'.repeat(300_000))).toEqual([]);
    expect(splitDocuments('a\n---\n'.repeat(200_000))).toHaveLength(200_000);
    expect(splitDocuments('%a\n---\n'.repeat(200_000)).length).toBeGreaterThan(0);
  });

  it('means what a reader of the whole stream reads', () => {
    const scalar = fc.constantFrom('x', '--', '"--- "', '1', 'true', '"a # b"');
    const document = fc.oneof(
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), scalar, { minKeys: 1 }).map((map) =>
        Object.entries(map)
          .map(([key, value]) => `${key}: ${value}\n`)
          .join(''),
      ),
      fc.array(scalar, { minLength: 1 }).map((items) => items.map((item) => `- ${item}\n`).join('')),
      fc.constant('text: |\n  ---\n  ...\n  end\n'),
      fc.constant('# only a comment\n'),
      fc.constant(''),
    );
    const separator = fc.constantFrom('---\n', '--- # comment\n', '---  \n', '...\n---\n', '\n---\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(separator, document)), (parts) => {
        const stream = parts.flat().join('');
        const whole = (parseAllDocuments(stream) as { toJS(): unknown }[]).map((one) => one.toJS());
        expect(values(stream)).toEqual(whole.filter((value) => value !== null));
      }),
    );
  });
});

describe('parseDocuments', () => {
  it('S51 refuses 10 MB that is not YAML, at once', () => {
    for (const text of [': }{', '"a ', '[a, ', '- a: {', '%', '? ', "'a ", '&a ', '---\n[', 'a: b: '])
      expect(() => parseDocuments(text.repeat(Math.floor(10_000_000 / text.length)))).toThrow(ProblemError);
    expect(() => parseDocuments('a'.repeat(11_000_000))).toThrow('the input is larger than 10485760 bytes');
  });

  it('never throws anything but problems, whatever it is given', () => {
    const pieces = fc.constantFrom(
      '---\n',
      '...\n',
      'a: ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|\n',
      '>\n',
      '&a ',
      '*a ',
      '<<: ',
      '!t ',
      '? ',
      ': ',
      '#',
      '\n',
      '  ',
      '\t',
      ',',
      '%',
      '\\u',
      '0x',
      'null',
      '__proto__: ',
      'constructor: ',
      '\r',
      '\uFEFF',
      '\u0000',
      'kind: List\nitems:\n',
    );
    const text = fc.oneof(
      anyText(),
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          for (const document of parseDocuments(input)) {
            expect(document.line).toBeGreaterThanOrEqual(1);
            expect(document.lineOf('spec.http[0].x')).toBeGreaterThanOrEqual(1);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProblemError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads every value of JSON as JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        fc.pre(typeof value === 'object' && value !== null);
        const text = JSON.stringify({ value });
        fc.pre(!text.includes('__proto__'));
        expect(values(text)).toEqual([JSON.parse(text)]);
      }),
    );
  });
});
