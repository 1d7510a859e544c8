import { createHash } from 'node:crypto';
import { globalIndexOf, globalWords } from './dictionary';

describe('the global list of words', () => {
  it('S43 is the 222 words of istio.mixer.v1, in their order', () => {
    expect(globalWords).toHaveLength(222);
    expect([globalWords[0], globalWords[17], globalWords[94], globalWords[221]]).toEqual([
      'source.ip',
      'request.path',
      '200',
      'context.proxy_version',
    ]);
    // Of the list as istio.io/api publishes it: an index that was sent once keeps its meaning.
    expect(createHash('sha256').update(globalWords.join('\n')).digest('hex')).toBe(
      '5e2ee4ad6228a9f69accdae6cc749a881f02e262eefe4dac6c12e4b48fbe926a',
    );
  });

  it('gives the first of two equal words, so that a caller who knows few words knows it', () => {
    expect([globalIndexOf('200'), globalWords.lastIndexOf('200')]).toEqual([94, 136]);
    expect(globalIndexOf('200', 95)).toBe(94);
  });

  it('leaves out what the other side does not know', () => {
    expect(globalIndexOf('context.proxy_version')).toBe(221);
    expect(globalIndexOf('context.proxy_version', 221)).toBeUndefined();
    expect(globalIndexOf('source.ip', 0)).toBeUndefined();
    expect(globalIndexOf('no such word')).toBeUndefined();
  });
});
