import { shellQuote } from './quote';
import { beginnings, nextWords, type CompletedCommand, type CompletedFlag } from './table';

/** The script that completes meshctl in zsh, for `source` and for a folder of `fpath` as `_meshctl`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef meshctl
# Completes meshctl in zsh. Made by: meshctl completion zsh

_meshctl() {
  local -a commands
  if (( CURRENT == 2 )); then
${describe(commands, [])}
    return
  fi
  case "\${words[2]}" in
${[...new Set(commands.map(({ words }) => words[0] ?? ''))].map((word) => branch(commands, [word])).join('\n')}
  esac
}

if [[ "\${funcstack[1]}" == _meshctl ]]; then
  _meshctl "$@"
else
  compdef _meshctl meshctl
fi
`;
}

/** Completes the words that can follow some. */
function describe(commands: readonly CompletedCommand[], before: readonly string[]): string {
  const items = nextWords(commands, before).map((word) => {
    const whole = commands.filter(({ words }) => [...before, word].every((each, i) => words[i] === each));
    return shellQuote(`${word}:${whole.map(({ help }) => help).join(' / ')}`);
  });
  return `    commands=(
${items.map((item) => `      ${item}`).join('\n')}
    )
    _describe -t commands command commands`;
}

function branch(commands: readonly CompletedCommand[], words: readonly string[]): string {
  const pattern = `    ${shellQuote(words.at(-1) ?? '')})`;
  if (beginnings(commands).some((each) => each.join(' ') === words.join(' '))) {
    const place = words.length + 2;
    return `${pattern}
      if (( CURRENT == ${place} )); then
${describe(commands, words)}
        return
      fi
      case "\${words[${place}]}" in
${nextWords(commands, words)
  .map((word) => branch(commands, [...words, word]))
  .join('\n')}
      esac
      ;;`;
  }
  const command = commands.find((each) => each.words.join(' ') === words.join(' '));
  const specs = [...(command?.flags ?? []).flatMap(flagSpecs), ...(command?.names ?? []).flatMap(nameSpec)];
  return `${pattern}
      shift ${words.length} words
      (( CURRENT -= ${words.length} ))
      _arguments -s -S \\
${specs.map((spec) => `        ${shellQuote(spec)}`).join(' \\\n')}
      ;;`;
}

/** What _arguments is told of a flag, once for each way to write it. */
function flagSpecs({ spellings, help, multiple, value }: CompletedFlag): string[] {
  const once = multiple ? '*' : `(${spellings.join(' ')})`;
  return spellings.map((spelling) => {
    const joined = value === undefined ? '' : spelling.startsWith('--') ? '=' : '+';
    return `${once}${spelling}${joined}[${escaped(help)}]${value === undefined ? '' : valueSpec(value)}`;
  });
}

function valueSpec({ name, from }: NonNullable<CompletedFlag['value']>): string {
  const action = from === 'files' ? '_files' : from === 'anything' ? ' ' : `(${from.join(' ')})`;
  return `:${escaped(name)}:${action}`;
}

function nameSpec(words: readonly string[], i: number): string[] {
  return [`${i + 1}:name:${words.length > 0 ? `(${words.join(' ')})` : ' '}`];
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}
