import { parseArgs } from 'node:util';
import { globalOptions, Invocation, type Command } from './command';
import { apply } from './commands/apply';
import { completion } from './commands/completion';
import { remove } from './commands/delete';
import { get } from './commands/get';
import { history } from './commands/history';
import { proxyConfig } from './commands/proxy-config';
import { proxyStatus } from './commands/proxy-status';
import { tokenCreate } from './commands/token-create';
import { validate } from './commands/validate';
import { version } from './commands/version';
import { exitCodes, Failure, usageError, type ExitCode } from './exit';
import { commandHelp, overview } from './help';

/** The table of commands. */
export const commands: readonly Command[] = [
  apply,
  validate,
  get,
  remove,
  history,
  proxyStatus,
  proxyConfig,
  tokenCreate,
  completion(() => commands),
  version,
];

/** Runs one command line and answers its exit code. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  let invocation: Invocation | undefined;
  try {
    const command = commands.find(({ name }) => name.split(' ').every((word, i) => args[i] === word));
    if (command === undefined) return noCommand(args);
    const { values, positionals } = parse(command, args.slice(command.name.split(' ').length));
    if (values.help === true) {
      process.stdout.write(commandHelp(command));
      return exitCodes.done;
    }
    invocation = new Invocation(positionals, values);
    return await command.run(invocation);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (error.exitCode === exitCodes.usage) process.stderr.write(`(meshctl --help lists the commands)\n`);
    return error.exitCode;
  } finally {
    invocation?.close();
  }
}

function noCommand(args: readonly string[]): ExitCode {
  const [first] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    process.stdout.write(overview(commands));
    return first === undefined ? exitCodes.usage : exitCodes.done;
  }
  if (commands.some(({ name }) => name.startsWith(`${first} `)))
    throw usageError(
      `'${first}' goes on: ${commands
        .filter(({ name }) => name.startsWith(`${first} `))
        .map(({ name }) => name)
        .join(', ')}`,
    );
  throw usageError(`there is no command '${first}'; there are ${commands.map(({ name }) => name).join(', ')}`);
}

function parse(command: Command, args: string[]): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args, options: { ...globalOptions, ...command.options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error));
  }
}
