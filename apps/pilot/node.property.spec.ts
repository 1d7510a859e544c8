import fc from 'fast-check';
import { NodeError, proxyNodeOf } from './node';

describe('S1 a node', () => {
  it('never fails but by saying why, whatever a client sends', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.anything()), (id, metadata) => {
        try {
          proxyNodeOf({ id, metadata });
        } catch (error) {
          expect(error).toBeInstanceOf(NodeError);
        }
      }),
    );
  });
});
