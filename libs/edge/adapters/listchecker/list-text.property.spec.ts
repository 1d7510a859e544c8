import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { entryTypes } from './entries';
import { readList } from './list-text';

describe('the text of a list', () => {
  it('is a list or an error, whatever it is', () => {
    const piece = fc.constantFrom(
      'whitelist:',
      ' [',
      ']',
      '1.1.1.1',
      '\n',
      '- ',
      '&a ',
      '*a',
      '{',
      '}',
      '"',
      '(',
      '\\',
      'a|b',
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: piece, maxLength: 30 }), anyText()),
        fc.constantFrom(...entryTypes),
        (text, type) => {
          let list;
          try {
            list = readList(type, text, []);
          } catch (error) {
            expect((error as Error).message).not.toBe('');
            return;
          }
          expect(list.look('1.1.1.1', 'STRING')).toHaveProperty('found');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
