import type { Value, ValueType } from '@keelson/core/attributes';
import type { Verdict } from '@keelson/core/policy';
import { instance, openAdapter, settingsProblems } from '../testing/open-adapter';
import { ListMemory } from './list-memory';
import { listcheckerAdapter } from './listchecker';

const listchecker = listcheckerAdapter(new ListMemory());
const name = 'version.listentry.istio-system';

function check(params: object, value: Value | undefined, type: ValueType = 'STRING'): Verdict {
  const handler = openAdapter(listchecker, params, { instances: [instance(name, 'listentry', { value: type })] });
  return handler.check?.({ name, template: 'listentry', values: value === undefined ? {} : { value } }) as Verdict;
}

describe('the list checker', () => {
  it('S47: lets pass what is in a whitelist, and says of others that they are not', () => {
    const params = { overrides: ['v1', 'v2'], cachingInterval: '10s', cachingUseCount: 5 };
    const validity = { validForMs: 10_000, validUses: 5 };
    expect(check(params, 'v1')).toEqual({ code: 0, message: '', ...validity });
    expect(check(params, 'v3')).toEqual({ code: 7, message: 'v3 is not whitelisted', ...validity });
    expect(check(params, 'V1').code).toBe(7);
    expect(check(params, '').code).toBe(7);
  });

  it('S47: refuses what is in a blacklist', () => {
    const params = { overrides: ['v1'], blacklist: true };
    expect(check(params, 'v1')).toEqual({
      code: 7,
      message: 'v1 is blacklisted',
      validForMs: 300_000,
      validUses: 10_000,
    });
    expect(check(params, 'v2').code).toBe(0);
  });

  it('S47: has an empty text in no list', () => {
    expect(check({ overrides: [''] }, '').code).toBe(7);
    expect(check({ overrides: [''], entryType: 'REGEX' }, 'a').code).toBe(7);
  });

  it('S47: compares letters of either case as one, letter by letter', () => {
    const params = { overrides: ['Straße', 'ÅNGSTRÖM'], entryType: 'CASE_INSENSITIVE_STRINGS' };
    expect(check(params, 'sTRAßE').code).toBe(0);
    expect(check(params, 'strasse').code).toBe(7);
    expect(check(params, 'ångström').code).toBe(0);
  });

  it('S47: finds a pattern anywhere in a text', () => {
    const params = { overrides: ['a+b', '^curl/'], entryType: 'REGEX' };
    expect(check(params, 'xxaaabxx').code).toBe(0);
    expect(check(params, 'curl/8').code).toBe(0);
    expect(check(params, 'libcurl/8')).toMatchObject({ code: 7, message: 'libcurl/8 is not whitelisted' });
  });

  it.each([
    ['10.1.2.3', 0],
    ['::ffff:10.1.2.3', 0],
    ['11.0.0.1', 7],
    ['192.168.0.130', 0],
    ['192.168.0.127', 7],
    ['1.2.3.4', 0],
    ['1.2.3.5', 7],
    ['2001:db8::1', 0],
    ['2001:db9::1', 7],
    ['::1', 0],
    ['::2', 7],
    ['172.16.5.5', 0],
    ['nowhere', 3],
  ])('S47: looks %s up in ranges of addresses: %d', (address, code) => {
    const overrides = ['10.0.0.0/8', '192.168.0.128/25', '1.2.3.4', '2001:db8::/32', '::1', '::ffff:172.16.0.0/108'];
    expect(check({ overrides, entryType: 'IP_ADDRESSES' }, address).code).toBe(code);
  });

  it('S47: takes addresses as bytes, 4 or 16', () => {
    const params = { overrides: ['10.0.0.0/8'], entryType: 'IP_ADDRESSES', blacklist: true };
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1);
    expect(check(params, Uint8Array.of(10, 0, 0, 1), 'IP_ADDRESS')).toMatchObject({
      code: 7,
      message: '10.0.0.1 is blacklisted',
    });
    expect(check(params, mapped, 'IP_ADDRESS').message).toBe('10.0.0.1 is blacklisted');
    expect(check(params, Uint8Array.of(10), 'IP_ADDRESS')).toMatchObject({
      code: 3,
      message: '?0a is not a valid IP address',
    });
  });

  it('a range of all IPv6 addresses has no IPv4 ones in it', () => {
    const params = { overrides: ['::/0'], entryType: 'IP_ADDRESSES' };
    expect(check(params, '::5').code).toBe(0);
    expect(check(params, '1.2.3.4').code).toBe(7);
    expect(check({ overrides: ['::ffff:0:0/90'], entryType: 'IP_ADDRESSES' }, '0.0.0.4').code).toBe(7);
    expect(check({ overrides: ['::ffff:0:0/90'], entryType: 'IP_ADDRESSES' }, '::20:0:5').code).toBe(7);
    expect(check({ overrides: ['::ffff:0:0/90'], entryType: 'IP_ADDRESSES' }, '::ffe0:0:5').code).toBe(0);
    expect(check({ overrides: ['0.0.0.0/0'], entryType: 'IP_ADDRESSES' }, '1.2.3.4').code).toBe(0);
  });

  it('S47: says INVALID_ARGUMENT for a value that no such list can hold', () => {
    expect(check({ overrides: ['1'] }, 1, 'INT64')).toMatchObject({
      code: 3,
      message: 'a value of type INT64 cannot be in a list of strings',
    });
    expect(check({ overrides: ['1'], entryType: 'REGEX' }, true, 'BOOL').code).toBe(3);
    expect(check({ overrides: ['1.1.1.1'], entryType: 'IP_ADDRESSES' }, 1, 'INT64').code).toBe(3);
    expect(check({ overrides: ['a'] }, 'a', 'DNS_NAME').code).toBe(0);
  });

  it('refuses overrides that together are no list', () => {
    const overrides = Array.from({ length: 2001 }, (_, i) => `a${i}`);
    const tooMany = 'spec.params.overrides: there are more than 2000 patterns';
    const check = (entryType: string, extra: string[] = []): string[] =>
      settingsProblems(listchecker, { entryType, overrides: [...extra, ...overrides] });
    expect(check('REGEX')).toEqual([tooMany]);
    expect(check('REGEX', ['('])).toEqual([expect.stringContaining('spec.params.overrides[0]: "(" is no'), tooMany]);
    expect(check('STRINGS')).toEqual([]);
    overrides[7] = '';
    expect(check('REGEX')).toEqual([]);
  });

  it('says INVALID_ARGUMENT for a text that would be compared with patterns for seconds', () => {
    const wide = { overrides: ['[a-m].{500}[n-z]1$', '[a-m].{500}[n-z]2$', '[a-m].{500}[n-z]3$'], entryType: 'REGEX' };
    const long = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(97 + ((i * i * 7919) % 26))).join('');
    for (const blacklist of [true, false])
      expect(check({ ...wide, blacklist }, long)).toMatchObject({
        code: 3,
        message: 'a value of more than 4096 characters cannot be in this list of patterns',
      });
    expect(check({ ...wide, blacklist: true }, long.slice(0, 4096)).code).toBe(0);
    expect(check({ overrides: ['x'] }, long).code).toBe(7);
    const many = { overrides: Array.from({ length: 2000 }, (_, i) => `a${i}`), entryType: 'REGEX' };
    expect(check(many, 'a7'.repeat(700)).code).toBe(0);
    expect(check(many, 'a7'.repeat(800))).toMatchObject({ code: 3 });
  });

  it('refuses patterns that are too much together, with what they repeat', () => {
    const problems = (...overrides: string[]): string[] =>
      settingsProblems(listchecker, { entryType: 'REGEX', overrides });
    const tooMuch = 'there is more than 20000 characters of patterns, with all that they repeat';
    const some = Array.from({ length: 21 }, (_, i) => `[a-z]{950}${i}`);
    expect(problems(...some.slice(1))).toEqual([]);
    expect(problems(...some)).toEqual([`spec.params.overrides: ${tooMuch}`]);
    expect(problems('a', 'a{1000}'.repeat(1170), '(?:(?:ab){10}c){1000}'.repeat(4))).toEqual([
      `spec.params.overrides[1]: ${tooMuch}`,
      `spec.params.overrides[2]: ${tooMuch}`,
    ]);
    expect(problems('\\x{2028}'.repeat(20), '\\pL\\p{Greek}{3}', '[(]{9}', '[)]{9}', 'a{0,3}b{2,}\\{9000}')).toEqual(
      [],
    );
  });

  it('does not look for the patterns to blame for as long as it takes to compile all', () => {
    const large = Array.from({ length: 300 }, (_, i) => `${'a{1000}'.repeat(18)}${i}`);
    expect(settingsProblems(listchecker, { entryType: 'REGEX', overrides: ['(', ...large, ')'] })).toEqual([
      expect.stringContaining('spec.params.overrides[0]: "(" is no regular expression'),
    ]);
  });

  it('refuses settings that it could not follow', () => {
    expect(settingsProblems(listchecker, { entryType: 'REGEX', overrides: ['a', '(', 'x'.repeat(9000)] })).toEqual([
      expect.stringMatching(/^spec\.params\.overrides\[1\]: "\(" is no regular expression: /),
      'spec.params.overrides[2]: a pattern is longer than 8192 characters',
    ]);
    const bad = ['1.2.3.4', '1.2.3', '1.2.3.4/33', '::1/129', '1.2.3.4/', '1.2.3.4/-1', 'fe80::1%eth0', '01.2.3.4'];
    expect(settingsProblems(listchecker, { entryType: 'IP_ADDRESSES', overrides: bad })).toEqual(
      bad.slice(1).map((text, i) => `spec.params.overrides[${i + 1}]: "${text}" is neither an IP address nor a CIDR`),
    );
    expect(settingsProblems(listchecker, { providerUrl: 'file:///etc/passwd' })).toEqual([
      'spec.params.providerUrl: must be an http or https URL',
    ]);
    expect(settingsProblems(listchecker, { providerUrl: 'http://a', refreshInterval: '0.5s', ttl: '0s' })).toEqual([
      'spec.params.refreshInterval: must be at least 1s',
      'spec.params.ttl: must not be shorter than refreshInterval',
    ]);
    expect(settingsProblems(listchecker, { entryType: 'REGEXP', cachingInterval: '-1s' })).toEqual([
      'spec.params.entryType: must be one of STRINGS, CASE_INSENSITIVE_STRINGS, IP_ADDRESSES, REGEX, not "REGEXP", did you mean REGEX?',
    ]);
  });
});
