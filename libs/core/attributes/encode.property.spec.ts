import fc from 'fast-check';
import { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { encodeAttributes } from './encode';
import { readByName } from './testing/judge';
import { attributeSets } from './testing/random-attributes';
import { contentsOfSet } from './testing/samples';

describe('attributes for the wire', () => {
  it('S40 are read by the generated codec as they were', () => {
    fc.assert(
      fc.property(attributeSets({ exact: true }), fc.nat(222), (attributes, globalWordCount) => {
        const bytes = encodeAttributes(attributes, globalWordCount);
        if (bytes.includes('\ufeff')) return;
        expect(readByName(CompressedAttributes.decode(bytes))).toEqual(contentsOfSet(attributes));
      }),
      { numRuns: 100 },
    );
  });
});
