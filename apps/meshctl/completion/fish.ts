import { fishQuote } from './quote';
import { beginnings, nextWords, type CompletedCommand, type CompletedFlag } from './table';

/** The script that completes meshctl in fish, 3.0 and later. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = [
    ...[[], ...beginnings(commands)].flatMap((before) => wordLines(commands, before)),
    ...commands.flatMap(commandLines),
  ];
  return `# Completes meshctl in fish. Made by: meshctl completion fish

# The words before the cursor that are neither flags nor their values.
function __meshctl_names
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word ${valued(commands).join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether these words come first, and how many names follow them: a number, or any.
function __meshctl_at
    set -l names (__meshctl_names)
    set -l wanted $argv
    set -l more $wanted[1]
    set -e wanted[1]
    for word in $wanted
        test (count $names) -gt 0; and test $names[1] = $word; or return 1
        set -e names[1]
    end
    test $more = any; or test (count $names) -eq $more
end

complete -c meshctl -f
${lines.join('\n')}
`;
}

/** The words of commands that can follow some. */
function wordLines(commands: readonly CompletedCommand[], before: readonly string[]): string[] {
  return nextWords(commands, before).map((word) => {
    const whole = commands.filter(({ words }) => [...before, word].every((each, i) => words[i] === each));
    const help = whole.map((command) => command.help).join(' / ');
    return `complete -c meshctl -n ${at(0, before)} -a ${fishQuote(word)} -d ${fishQuote(help)}`;
  });
}

function commandLines({ words, flags, names }: CompletedCommand): string[] {
  return [
    ...names.flatMap((list, i) =>
      list.length > 0 ? [`complete -c meshctl -n ${at(i, words)} -a ${fishQuote(list.join(' '))}`] : [],
    ),
    ...flags.map((flag) => `complete -c meshctl -n ${at('any', words)} ${flagText(flag)}`),
  ];
}

function flagText({ spellings, help, value }: CompletedFlag): string {
  const names = spellings.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
  return [...names, ...valueText(value), `-d ${fishQuote(help)}`].join(' ');
}

function valueText(value: CompletedFlag['value']): string[] {
  if (value === undefined) return [];
  if (value.from === 'files') return ['-r', '-F'];
  return value.from === 'anything' ? ['-x'] : ['-x', `-a ${fishQuote(value.from.join(' '))}`];
}

function at(more: number | 'any', words: readonly string[]): string {
  return fishQuote(['__meshctl_at', String(more), ...words].join(' '));
}

function valued(commands: readonly CompletedCommand[]): string[] {
  const flags = commands.flatMap(({ flags: of }) => of.filter(({ value }) => value !== undefined));
  return [...new Set(flags.flatMap(({ spellings }) => spellings))];
}
