import { bashScript } from '../completion/bash';
import { fishScript } from '../completion/fish';
import { completedCommands, type CompletedCommand } from '../completion/table';
import { zshScript } from '../completion/zsh';
import { exitCodes, usageError } from '../exit';
import type { Command } from '../command';

const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The command that makes a shell complete all `commands`. */
export function completion(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    usage: Object.keys(shells).join('|'),
    help: 'Print a script by which a shell completes meshctl: source <(meshctl completion bash).',
    options: {},
    words: [Object.keys(shells)],
    run(invocation) {
      const [name = '', ...rest] = invocation.positionals;
      const script = Object.hasOwn(shells, name) ? shells[name] : undefined;
      if (script === undefined || rest.length > 0)
        throw usageError(`one of ${Object.keys(shells).join(', ')} is needed`);
      process.stdout.write(script(completedCommands(commands())));
      return Promise.resolve(exitCodes.done);
    },
  };
}
