import fc from 'fast-check';
import { BlockList, isIP } from 'node:net';
import { ipBytes } from './addresses';

/** Whether Node takes the bytes for the same address. */
function same(bytes: Uint8Array, text: string): boolean {
  const groups = Array.from({ length: 8 }, (_, i) =>
    Buffer.from(bytes)
      .readUInt16BE(i * 2)
      .toString(16),
  );
  const list = new BlockList();
  list.addAddress(text.split('%')[0]!, 'ipv6');
  return list.check(groups.join(':'), 'ipv6');
}

describe('bytes of IP addresses', () => {
  it.each([
    ['1.2.3.4', '01020304'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['2001:db8::a:0:1', '20010db8000000000000000a00000001'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('%s', (text, hex) => {
    expect(Buffer.from(ipBytes(text)!).toString('hex')).toBe(hex);
  });

  it.each(['', 'a', '1.2.3', '1.2.3.256', '1::2::3', '/run/app.sock', '[::1]'])('%j is none', (text) => {
    expect(ipBytes(text)).toBeUndefined();
  });

  it('reads every address of version 6 as Node does', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        fc.pre(isIP(text) === 6);
        expect(same(ipBytes(text)!, text)).toBe(true);
      }),
    );
  });
});
