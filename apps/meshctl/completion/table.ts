import { globalOptions, type Command, type Flag } from '../command';

/** A command, as the script of every shell is made of it. */
export interface CompletedCommand {
  /** `['token', 'create']` */
  words: readonly string[];
  help: string;
  flags: readonly CompletedFlag[];
  /** What can stand at each place of the names behind the command. */
  names: readonly (readonly string[])[];
}

export interface CompletedFlag {
  /** `--namespace`, `-n`. */
  spellings: readonly string[];
  help: string;
  multiple: boolean;
  /** Undefined for a flag without a value. */
  value: { name: string; from: 'files' | 'anything' | readonly string[] } | undefined;
}

/** Commands and flags as shells complete them. */
export function completedCommands(commands: readonly Command[]): CompletedCommand[] {
  return commands.map(({ name, help, options, words = [] }) => ({
    words: name.split(' '),
    help: firstSentence(help),
    flags: Object.entries<Flag>({ ...options, ...globalOptions }).map(completedFlag),
    names: words,
  }));
}

/** What can follow some words: the words of commands that begin with them, each once. */
export function nextWords(commands: readonly CompletedCommand[], before: readonly string[]): string[] {
  const fitting = commands.filter(({ words }) => before.every((word, i) => words[i] === word));
  return [...new Set(fitting.flatMap(({ words }) => words.slice(before.length, before.length + 1)))];
}

/** Each beginning of a command that is no command itself: `token` of `token create`. */
export function beginnings(commands: readonly CompletedCommand[]): string[][] {
  const found = new Map(
    commands.flatMap(({ words }) =>
      words.slice(1).map((_, i) => [words.slice(0, i + 1).join(' '), words.slice(0, i + 1)]),
    ),
  );
  return [...found.values()];
}

function completedFlag([long, flag]: [string, Flag]): CompletedFlag {
  const { type, short, help, multiple = false, value: name = 'VALUE', values: from = 'anything' } = flag;
  return {
    spellings: [`--${long}`, ...(short === undefined ? [] : [`-${short}`])],
    help,
    multiple,
    value: type === 'string' ? { name, from } : undefined,
  };
}

function firstSentence(text: string): string {
  return text.split(/[:;.](?: |$)/)[0] ?? text;
}
