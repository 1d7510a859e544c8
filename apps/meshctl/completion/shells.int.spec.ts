import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../cli';
import { kindWords } from '../kinds';
import { bashScript } from './bash';
import { fishScript } from './fish';
import { completedCommands } from './table';
import { zshScript } from './zsh';

const table = completedCommands(commands);

describe('completion in a real bash', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'meshctl-'));
    writeFileSync(join(folder, 'meshctl.bash'), bashScript(table));
    for (const name of ['a.yaml', 'a file.yaml', '*.yaml', 'b.json']) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'c.yaml'), '');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** What bash offers behind these words, of which the last is being written; in a shell with settings of its own. */
  function complete(...words: string[]): string[] {
    const script = `set -u; IFS=,; source ./meshctl.bash
COMP_WORDS=(meshctl "$@"); COMP_CWORD=$#; _meshctl
for each in \${COMPREPLY[@]+"\${COMPREPLY[@]}"}; do printf '%s\\n' "$each"; done`;
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([stderr, status]).toEqual(['', 0]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  it.each<[string[], string[]]>([
    [['ap'], ['apply']],
    [['proxy-'], ['proxy-status', 'proxy-config']],
    [['--h'], ['--help']],
    [['nothing'], []],
    [['token', ''], ['create']],
    [['token', 'create', '--s'], ['--service-account']],
    [['get', 'v'], ['virtualservices']],
    [['get', '-n', 'shop', 'destinationr'], ['destinationrules']],
    [['get', '-A', 'sidecars', ''], []],
    [['get', '--all'], ['--all-namespaces']],
    [['delete', '--wait', 'gate'], ['gateways']],
    [['history', 'virtualservices', 'reviews', '--l'], ['--limit']],
    [['history', '--limit', ''], []],
    [['history', '--limit', '5', 'serv'], ['serviceentries']],
    [
      ['get', '-o', ''],
      ['json', 'yaml'],
    ],
    [['get', '--output', '=', 'y'], ['yaml']],
    [
      ['get', '--output', '='],
      ['json', 'yaml'],
    ],
    [['get', '--output', '=', 'yaml', 'v'], ['virtualservices']],
    [['get', '-n', ''], []],
    [['proxy-config', 'p1', 'cl'], ['clusters']],
    [['proxy-config', 'p1', 'clusters', 'cl'], []],
    [['proxy-config', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['version', 'x', 'y', ''], []],
    [['get', "it's;$(touch x)`", ''], []],
  ])('%j', (words, offered) => {
    expect(complete(...words)).toEqual(offered);
  });

  it('offers every command first, and every kind', () => {
    expect(complete('')).toEqual([...new Set(commands.map(({ name }) => name.split(' ')[0]))]);
    for (const command of ['get', 'delete', 'history']) expect(complete(command, '')).toEqual(kindWords);
  });

  it('offers files where a flag takes one, whatever they are called', () => {
    expect(complete('apply', '-f', 'a').sort()).toEqual(['a file.yaml', 'a.yaml']);
    expect(complete('validate', '-f', 'a.yaml', '-f', 's')).toEqual(['sub']);
    expect(complete('validate', '--file', '=', 'sub/')).toEqual(['sub/c.yaml']);
    expect(complete('get', '--context', 'b')).toEqual(['b.json']);
    expect(complete('apply', '-f', '')).toContain('*.yaml');
  });

  it('is registered for meshctl', () => {
    const { stdout } = spawnSync('bash', ['--norc', '-c', 'source ./meshctl.bash; complete -p meshctl'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('complete -F _meshctl meshctl\n');
  });
});

describe('the scripts of other shells', () => {
  // What of zsh's grammar the script uses is bash's too, and of fish's a line that only calls `complete`.
  it('zsh: has no error of syntax', () => {
    for (const shell of ['zsh', 'bash'].filter(isThere)) expect(syntaxErrors(shell, zshScript(table))).toBe('');
    expect(syntaxErrors('bash', zshScript(table).replace('esac', ''))).not.toBe('');
  });

  it('fish: has no error of syntax, and completes with words that are whole', () => {
    const script = fishScript(table);
    if (isThere('fish')) expect(syntaxErrors('fish', script)).toBe('');
    const lines = script.split('\n').filter((line) => line.startsWith('complete') && !line.includes("\\'"));
    const calls = `complete() { printf '%s|' "$@"; echo; }\n${lines.join('\n')}`;
    const told = spawnSync('bash', ['--norc', '-c', calls], { encoding: 'utf8' }).stdout.split('\n');
    expect(told).toContain(`-c|meshctl|-n|__meshctl_at 0 history|-a|${kindWords.join(' ')}|`);
    expect(told).toContain('-c|meshctl|-n|__meshctl_at any get|-l|output|-s|o|-x|-a|json yaml|-d|for scripts|');
    expect(told.filter((line) => line.startsWith('-c|meshctl|'))).toHaveLength(lines.length);
  });
});

function isThere(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).error === undefined;
}

function syntaxErrors(shell: string, script: string): string {
  return spawnSync(shell, shell === 'fish' ? ['--no-execute'] : ['-n'], { input: script, encoding: 'utf8' }).stderr;
}
