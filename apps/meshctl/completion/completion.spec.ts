import { commands } from '../cli';
import { globalOptions } from '../command';
import { kindWords } from '../kinds';
import { bashScript } from './bash';
import { fishScript } from './fish';
import { fishQuote, shellQuote } from './quote';
import { beginnings, completedCommands, nextWords } from './table';
import { zshScript } from './zsh';

const table = completedCommands(commands);
const scripts = { bash: bashScript(table), zsh: zshScript(table), fish: fishScript(table) };
const linesOf = (script: string, part: string): string[] => script.split('\n').filter((line) => line.includes(part));

describe('the table of completions', () => {
  it('has every command, with its flags and those of all commands', () => {
    expect(table.map(({ words }) => words.join(' '))).toEqual(commands.map(({ name }) => name));
    for (const [i, { flags }] of table.entries())
      expect(flags.map(({ spellings }) => spellings[0])).toEqual(
        Object.keys({ ...commands[i]!.options, ...globalOptions }).map((name) => `--${name}`),
      );
  });

  it('completes the kinds of get, delete and history', () => {
    const places = table.filter(({ names }) => names[0] === kindWords).map(({ words }) => words[0]);
    expect(places).toEqual(['get', 'delete', 'history']);
    expect(kindWords).toContain('virtualservices');
  });

  it('goes word by word through a command of two', () => {
    expect(beginnings(table)).toEqual([['token']]);
    expect(nextWords(table, ['token'])).toEqual(['create']);
    expect(nextWords(table, []).filter((word) => word === 'token')).toHaveLength(1);
  });

  // The scripts of zsh and fish know flags with a value by their spelling alone.
  it('gives a flag of one name a value in every command or in none', () => {
    const valued = new Map<string, boolean>();
    for (const { flags } of table)
      for (const { spellings, value } of flags)
        for (const spelling of spellings) {
          expect([spelling, valued.get(spelling) ?? value !== undefined]).toEqual([spelling, value !== undefined]);
          valued.set(spelling, value !== undefined);
        }
  });
});

describe.each(Object.entries(scripts))('the script for %s', (shell, script) => {
  it('names every command, flag, kind and word of a value', () => {
    for (const { words, flags, names } of table) {
      for (const word of words) expect(script).toContain(word);
      for (const { spellings, value } of flags) {
        // Who knows a flag by its letter needs no help of bash.
        for (const spelling of shell === 'bash' ? spellings.slice(0, 1) : spellings)
          expect(script).toContain(shell === 'fish' ? fishSpelling(spelling) : spelling);
        if (typeof value?.from === 'object') expect(script).toContain(value.from.join(' '));
      }
      for (const list of names) expect(script).toContain(list.join(' '));
    }
  });

  it('follows the table: a new command and a new flag are in it', () => {
    const more = completedCommands([
      ...commands,
      {
        name: 'explain',
        usage: '',
        help: "Tell why: it's [so].",
        options: { hops: { type: 'string', help: 'how [many]: at most', values: ['one', 'two'] } },
        words: [['alpha', 'beta']],
        run: () => Promise.resolve(0),
      },
    ]);
    const made = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell as keyof typeof scripts](more);
    for (const part of ['explain', 'hops', 'one two', 'alpha beta']) {
      expect(script).not.toContain(part);
      expect(made).toContain(part);
    }
  });

  it('ends with a newline and has no trailing blanks or carriage returns', () => {
    expect(script).toMatch(/\n$/);
    expect(script).not.toMatch(/[ \t\r]\n/);
  });
});

describe('the script for zsh', () => {
  it('tells _arguments of each flag in its own grammar', () => {
    const specs = linesOf(scripts.zsh, "        '").map((line) => line.trim().replace(/ \\$/, ''));
    expect(specs.length).toBeGreaterThan(50);
    for (const spec of specs)
      expect(spec.replaceAll("'\\''", '')).toMatch(
        /^'(?:(?:\*|\([-a-zA-Z ]+\))--?[a-zA-Z-]+[=+]?\[(?:[^[\]:\\]|\\[[\]:\\])+\](?::[^:]+:(?:_files| |\([^()]+\)))?|\d+:name:(?: |\([^()]+\)))'$/,
      );
  });

  it('escapes what means something in a description', () => {
    const [line] = completedCommands([
      {
        name: 'x',
        usage: '',
        help: 'x',
        options: { y: { type: 'boolean', help: 'a[b]:c\\d' } },
        run: () => Promise.resolve(0),
      },
    ]).map((command) => linesOf(zshScript([command]), '--y')[0]);
    expect(line).toContain('[a\\[b\\]\\:c\\\\d]');
  });
});

describe('the script for fish', () => {
  it('balances its blocks', () => {
    const opened = scripts.fish.match(/^\s*(?:function|for|if)\b/gm)?.length;
    expect(scripts.fish.match(/^\s*end$/gm)).toHaveLength(opened!);
  });

  it('has each completion on a line of its own, with its quotes closed', () => {
    const lines = linesOf(scripts.fish, 'complete -c');
    expect(lines.length).toBeGreaterThan(50);
    for (const line of lines) expect(line).toMatch(/^(?:[^'\\]|'(?:[^'\\]|\\['\\])*')+$/);
  });
});

describe('quotes', () => {
  it('keep a text one word', () => {
    expect(shellQuote("it's")).toBe("'it'\\''s'");
    expect(fishQuote("it's a \\")).toBe("'it\\'s a \\\\'");
  });
});

function fishSpelling(spelling: string): string {
  return spelling.startsWith('--') ? `-l ${spelling.slice(2)} ` : `-s ${spelling.slice(1)} `;
}
