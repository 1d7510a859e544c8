import { parseInstant, parseIp, sameIp } from '.';
import { dnsNameProblem, sameDnsName } from './dns-name';
import { emailProblem, sameEmail } from './email-address';
import { toLower } from './text-order';
import { sameUri, uriProblem } from './uri';

describe('IP addresses', () => {
  const hex = (text: string): string | undefined => {
    const bytes = parseIp(text);
    return bytes && Buffer.from(bytes).toString('hex');
  };
  const zeros = (count: number): string => '00'.repeat(count);

  it('are read into 16 bytes', () => {
    expect(hex('1.2.3.4')).toBe(`${zeros(10)}ffff01020304`);
    expect(hex('::')).toBe(zeros(16));
    expect(hex('::1')).toBe(`${zeros(15)}01`);
    expect(hex('2001:DB8::1:0:0')).toBe(`20010db8${zeros(7)}0100000000`);
    expect(hex('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
    expect(hex('1:2:3:4:5:6:7::')).toBe('00010002000300040005000600070000');
    expect(hex('::ffff:1.2.3.4')).toBe(`${zeros(10)}ffff01020304`);
    expect(hex('1:2:3:4:5:6:255.0.0.1')).toBe('000100020003000400050006ff000001');
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    'a.b.c.d',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '::1.2.3',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    'fe80::1%eth0',
    '1:2:3:4::5:6:7:8',
    '[::1]',
    '1'.repeat(46),
  ])('are not %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('are one only where they have equal lengths or one is the other mapped', () => {
    expect(sameIp(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 4))).toBe(false);
    expect(sameIp(Uint8Array.of(0, 0, 0, 1), parseIp('::1') ?? Uint8Array.of())).toBe(false);
    expect(sameIp(parseIp('::ffff:1.2.3.4') ?? Uint8Array.of(), Uint8Array.of(1, 2, 3, 4))).toBe(true);
  });
});

describe('timestamps', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0, 0],
    ['2015-01-02T15:04:35Z', 1420211075, 0],
    ['2015-01-02T15:04:35.123456789Z', 1420211075, 123_456_789],
    ['2015-01-02T15:04:35.5Z', 1420211075, 500_000_000],
    ['2015-01-02T15:04:35.1234567899Z', 1420211075, 123_456_789],
    ['2015-01-02T17:04:35+02:00', 1420211075, 0],
    ['2015-01-02T07:34:35-07:30', 1420211075, 0],
    ['1969-12-31T23:59:59.25Z', -1, 250_000_000],
    ['2020-02-29T00:00:00Z', 1582934400, 0],
    ['0001-01-01T00:00:00Z', -62135596800, 0],
    ['9999-12-31T23:59:59Z', 253402300799, 0],
  ])('%s is %d s %d ns', (text, seconds, nanos) => {
    expect(parseInstant(text)).toEqual({ seconds, nanos });
  });

  it.each([
    '',
    '2015-01-02',
    '2015-01-02 15:04:35Z',
    '2015-01-02T15:04:35',
    '2015-01-02t15:04:35z',
    '2015-13-02T15:04:35Z',
    '2015-02-29T15:04:35Z',
    '2015-01-00T15:04:35Z',
    '2015-01-02T24:04:35Z',
    '2015-01-02T15:60:35Z',
    '2015-01-02T15:04:60Z',
    '2015-01-02T15:04:35.Z',
    '2015-01-02T15:04:35+2:00',
    '2015-01-02T15:04:35+02:60',
    ' 2015-01-02T15:04:35Z',
    '242233',
  ])('%j is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe('DNS names', () => {
  it.each(['foo', 'foo.', 'fOO', 'f00.', 'a-b.c-d', 'é.com', 'xn--9ca.com', 'foo_bar'])('can be %s', (name) => {
    expect(dnsNameProblem(name)).toBeUndefined();
  });

  it.each([
    '',
    '.',
    'b..a',
    'b..a.',
    '-a',
    'b.-a.c',
    'f-',
    'f-.',
    'f-.boo',
    'f--.boo',
    'ab--c',
    'xn--a',
    'xn--zzzz--',
    'a'.repeat(1025),
  ])('cannot be %j', (name) => {
    expect(dnsNameProblem(name)).toMatch(/^idna: invalid label /);
  });

  it.each([
    ['foo', 'foo', true],
    ['FOO', 'foo', true],
    ['foo.', 'foo', true],
    ['foo', 'foo.', true],
    ['zoo.', 'zoo.', true],
    ['foo.bar-a.', 'foo.bar', false],
    ['É.com', 'é.com', true],
    ['xn--9ca.com', 'É.COM.', true],
    ['ｆｏｏ。com', 'foo.com', true],
    ['faß.de', 'fass.de', false],
    ['1.2.3.4', '1.2.3.4', true],
    ['0x1.é', '1.é', false],
    ['é.1', 'É.1', true],
    ['.', '', false],
    ['a..', 'a', false],
    ['', '', true],
  ])('%s and %s are one: %s', (a, b, same) => {
    expect(sameDnsName(a, b)).toBe(same);
    expect(sameDnsName(b, a)).toBe(same);
  });

  it.each([
    'a-',
    'a_b',
    'a b',
    'a/b',
    'a:1',
    'a@b',
    'é%41',
    'é/b',
    'é?b',
    'é#b',
    'é@b',
    'é:1',
    'é_b',
    'é\tb',
    'xn--zzzz',
    'é-',
    '-é',
    'a\u{2f}é',
    '／é',
    'a'.repeat(1025),
  ])('%j cannot be compared', (name) => {
    expect(sameDnsName(name, 'a')).toBeUndefined();
    expect(sameDnsName('a', name)).toBeUndefined();
  });
});

describe('e-mail addresses', () => {
  it.each([
    'foo@bar',
    'foo@bar.com',
    'foo+a@bar.com',
    '"john..doe"@bar.com',
    '"a \\" b"@c',
    ' a@b ',
    '<a@b>',
    'é@é.com',
    'a@ b',
  ])('can be %s', (text) => {
    expect(emailProblem(text)).toBeUndefined();
  });

  it.each([
    '',
    'foo',
    'foo.',
    'foo@',
    '@foo',
    'foo+a@bar-.com',
    'aaaa <johndoe@bar.com>',
    'a..b@c',
    '.a@c',
    'a.@c',
    'a b@c',
    'a@b.',
    'a@b..c',
    '""@b',
    '<a@b',
    'a@b>',
    'a@b (c)',
    'a@b,c@d',
    'a@b c',
    '"a@b"@c d',
    `${'a'.repeat(1024)}@b`,
  ])('cannot be %j', (text) => {
    expect(emailProblem(text)).toEqual(expect.any(String));
  });

  it.each([
    ['foo@bar.com', 'foo@bar.com', true],
    ['foo@Bar.com', 'foo@bar.com', true],
    ['"foo"@bar.com', 'foo@bar.com', true],
    ['<foo@bar.com>', 'foo@bar.com', true],
    ['foo@bar.com', 'foo@foo.com', false],
    ['foo@foo.com', 'bar@foo.com', false],
    ['Foo@bar.com', 'foo@bar.com', false],
    ['foo..baz@bar.com', 'foo@bar.com', undefined],
    ['foo@bar.com', 'foo', undefined],
    ['foo@b_r', 'foo@bar', undefined],
  ])('%s and %s are one: %s', (a, b, same) => {
    expect(sameEmail(a, b)).toBe(same);
  });
});

describe('URIs', () => {
  it.each([
    'urn:foo',
    'urn:foo/bar?q=5#frr',
    'http://foo',
    'http://foo/bar/?q=4#fr',
    'ftp://foo/bar',
    'fs:/foo',
    'foo',
    '/foo',
    '//foo/bar',
    '?q',
    '#f',
    '*',
    'http://[fe80::1%25en0]',
    'http://[::1]:80/',
    'http://u:p@h:80',
    'http://h:/',
    'http://é/',
    'http://h%C3%A9/',
    'a/b:c',
    'http://h/a b',
  ])('can be %s', (text) => {
    expect(uriProblem(text)).toBeUndefined();
  });

  it.each([
    '',
    ':/',
    ':a',
    'http://[fe80::1%25en0',
    'http://h:8a',
    'http://h%41/',
    'http://h/%zz',
    'http://h#%zz',
    'http://a b/',
    'a_b:c',
    '1a:b',
    'http://us er@h',
    'a\tb',
    'http://h^',
  ])('cannot be %j', (text) => {
    expect(uriProblem(text)).toEqual(expect.any(String));
  });

  it.each([
    ['foo', 'foo', true],
    ['urn:bar', 'URN:bar', true],
    ['urn:BAR', 'urn:bar', false],
    ['http://HOST.com', 'http://host.COM', true],
    ['http://host.com.', 'http://host.com', true],
    ['http://HOST.com:80', 'http://host.COM:80', true],
    ['HTTP://HOST.COM:', 'http://host.COM', true],
    ['https://é.com/x', 'https://xn--9ca.com/x', true],
    ['http://host', 'http://host/', false],
    ['http://host:80', 'http://host:81', false],
    ['http://host:80', 'http://host', false],
    ['http://host:080', 'http://host:80', false],
    ['http://host/x', 'http://host/X', false],
    ['http://host/?q', 'http://host/?Q', false],
    ['http://host/#f', 'http://host/', false],
    ['http://u@host', 'http://host', false],
    ['http://host', 'https://host', false],
    ['ftp://HOST', 'ftp://host', false],
    ['http:foo', 'http:foo', true],
    [':/', 'a', undefined],
    ['a', ':/', undefined],
    ['http://a_b', 'http://a_b', undefined],
    ['http://[::1]', 'http://[::1]', undefined],
  ])('%s and %s are one: %s', (a, b, same) => {
    expect(sameUri(a, b)).toBe(same);
  });
});

describe('texts', () => {
  it('are lowered letter by letter', () => {
    expect(toLower('ABC')).toBe('abc');
    expect(toLower('ΑΣ ΣΑΣ')).toBe('ας σας'.replaceAll('ς', 'σ'));
    expect(toLower('İI')).toBe('ii');
    expect(toLower('\u{10400}')).toBe('\u{10428}');
  });
});
