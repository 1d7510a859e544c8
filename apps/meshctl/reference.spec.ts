import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from './cli';
import { globalOptions, type Options } from './command';
import { exitCodes } from './exit';

const page = readFileSync(join(__dirname, '../../docs/reference/meshctl.md'), 'utf8');
/** What stands below each heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string] => [section.slice(0, section.indexOf('\n')), section]),
);

function flagsIn(section: string): string[] {
  const rows = section.split('\n').filter((line) => line.startsWith('| `-'));
  return rows
    .flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/--?[a-zA-Z][a-z-]*/g)].map(([flag]) => flag))
    .sort();
}

function flagsOf(options: Options): string[] {
  return Object.entries(options)
    .flatMap(([long, { short }]) => [`--${long}`, ...(short === undefined ? [] : [`-${short}`])])
    .sort();
}

describe('the reference of meshctl', () => {
  it('has each command, in their order, and no other', () => {
    const told = [...sections.keys()].filter((title) => title.startsWith('meshctl '));
    expect(told).toEqual(commands.map(({ name }) => `meshctl ${name}`));
  });

  it.each(commands.map(({ name, options }) => [name, options] as const))('has the flags of %s', (name, options) => {
    const section = sections.get(`meshctl ${name}`) ?? '';
    expect(flagsIn(section)).toEqual(flagsOf(options));
  });

  it('has the flags of all commands, and every exit code', () => {
    expect(flagsIn(sections.get('Flags of all commands') ?? '')).toEqual(flagsOf(globalOptions));
    const codes = [...(sections.get('Exit codes') ?? '').matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCodes));
  });
});
