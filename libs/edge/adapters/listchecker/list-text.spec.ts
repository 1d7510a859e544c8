import { readList } from './list-text';

const found = { found: true };

describe('the text of a list', () => {
  it('S47: has one entry a line, however lines end', () => {
    const list = readList('STRINGS', 'abc\r\n\ndef\n', ['own']);
    expect(list.size).toBe(3);
    for (const entry of ['abc', 'def', 'own']) expect(list.look(entry, 'STRING')).toEqual(found);
    expect(list.look('', 'STRING')).toEqual({ found: false });
  });

  it('S47: is YAML with a whitelist for addresses', () => {
    const list = readList('IP_ADDRESSES', 'whitelist:\n- 10.10.11.2\n- 9.9.9.9/28\n', ['11.11.11.11']);
    expect(list.size).toBe(3);
    expect(list.look('9.9.9.1', 'STRING')).toEqual(found);
    expect(readList('IP_ADDRESSES', '{"whitelist": ["1.1.1.1"]}', []).look('1.1.1.1', 'STRING')).toEqual(found);
    expect(readList('IP_ADDRESSES', 'whitelist: []', []).size).toBe(0);
  });

  it.each(['', '10.0.0.0/8', '- 10.0.0.0/8', 'blacklist: [1.1.1.1]', 'whitelist: 1.1.1.1', 'whitelist: [[1.1.1.1]]'])(
    'is none for addresses: %j',
    (text) => {
      expect(() => readList('IP_ADDRESSES', text, [])).toThrow('it is not YAML of the form "whitelist: [CIDR, …]"');
    },
  );

  it('is refused whole for one entry that is wrong, which is named', () => {
    expect(() => readList('IP_ADDRESSES', 'whitelist: [1.1.1.1, X]', [])).toThrow(
      '"X" is neither an IP address nor a CIDR',
    );
    expect(() => readList('REGEX', 'a\n[(\n', [])).toThrow('"[(" is no regular expression');
    expect(() => readList('REGEX', 'a\n'.repeat(2001), [])).toThrow('there are more than 2000 patterns');
  });

  it('does not fall over deep nesting', () => {
    expect(() => readList('IP_ADDRESSES', '['.repeat(1_000_000), [])).toThrow();
  });
});
