import { shellQuote } from './quote';
import { beginnings, nextWords, type CompletedCommand, type CompletedFlag } from './table';

/** The script that completes meshctl in bash, 3.2 and later. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completes meshctl in bash. Made by: meshctl completion bash

_meshctl() {
  local IFS=$' \\t\\n' cur="\${COMP_WORDS[COMP_CWORD]}"
  local command='' flag='' names=0 words='' i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n "$flag" ]]; then
      # Bash takes --flag=value for three words.
      [[ "$word" == '=' ]] || flag=''
      continue
    fi
    case "$command" in
      ${['', ...beginnings(commands).map((words) => words.join(' '))].map(shellQuote).join(' | ')})
        command="\${command:+$command }$word"
        continue
        ;;
    esac
    if [[ "$word" != -* ]]; then
      names=$((names + 1))
      continue
    fi
    case "$command $word" in
      ${valued(commands, () => true).join(' | \\\n        ')})
        flag="$word"
        ;;
    esac
  done
  if [[ "$cur" == '=' ]]; then cur=''; fi
  if [[ -n "$flag" ]]; then
    case "$command $flag" in
      ${valued(commands, ({ value }) => value?.from === 'files').join(' | \\\n        ')})
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
        compopt -o filenames 2>/dev/null
        return
        ;;
${wordFlags(commands)}
    esac
  elif [[ "$cur" == -* ]]; then
    case "$command" in
      '') words='--help' ;;
${commands.map(({ words, flags }) => branch(words.join(' '), flags.map(longOf))).join('\n')}
    esac
  else
    case "$command $names" in
${[[], ...beginnings(commands)].map((before) => branch(`${before.join(' ')} 0`, nextWords(commands, before))).join('\n')}
${commands.flatMap(({ words, names }) => names.map((list, i) => branch(`${words.join(' ')} ${i}`, list))).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _meshctl meshctl
`;
}

/** Patterns of the flags that have a value of some sort, behind their commands. */
function valued(commands: readonly CompletedCommand[], which: (flag: CompletedFlag) => boolean): string[] {
  return commands.flatMap(({ words, flags }) =>
    flags
      .filter((flag) => flag.value !== undefined && which(flag))
      .flatMap(({ spellings }) => spellings.map((spelling) => shellQuote(`${words.join(' ')} ${spelling}`))),
  );
}

/** Branches for the flags whose value is one of some words. */
function wordFlags(commands: readonly CompletedCommand[]): string {
  const lists = commands.flatMap(({ flags }) => flags.flatMap(({ value }) => wordsOf(value)));
  const distinct = [...new Set(lists)];
  return distinct
    .map((list) => {
      const patterns = valued(commands, ({ value }) => wordsOf(value).includes(list));
      return `      ${patterns.join(' | \\\n        ')})\n        words=${shellQuote(list)}\n        ;;`;
    })
    .join('\n');
}

function wordsOf(value: CompletedFlag['value']): string[] {
  return typeof value?.from === 'object' ? [value.from.join(' ')] : [];
}

function branch(pattern: string, words: readonly string[]): string {
  return `      ${shellQuote(pattern)}) words=${shellQuote(words.join(' '))} ;;`;
}

function longOf({ spellings }: CompletedFlag): string {
  return spellings[0] ?? '';
}
