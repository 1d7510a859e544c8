import { WireWriter } from './wire-writer';

describe('what is written for the wire', () => {
  it('keeps a short message at the very end of the buffer', () => {
    for (let capacity = 0; capacity < 20; capacity++) {
      const writer = new WireWriter(capacity);
      const mark = writer.open(1);
      writer.text(2, 'abc');
      writer.close(mark);
      expect([capacity, writer.bytes.toString('hex')]).toEqual([capacity, '0a051203616263']);
    }
  });
});
