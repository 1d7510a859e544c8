import { globalOptions, type Command, type Flag, type Options } from './command';

/** What `meshctl --help` says. */
export function overview(commands: readonly Command[]): string {
  return `meshctl operates a Keelson mesh.

${commands.map(({ name, usage, help }) => `  meshctl ${name} ${usage}`.trimEnd() + `\n      ${help}`).join('\n')}

Flags of all commands: --context FILE (default $KEELSON_CONFIG, then .keelson/meshctl.json here or above), -o json|yaml, --help
Exit codes: 0 done, 1 failed, 2 usage, 3 refused by the server or by a proxy (NACK), 4 timeout
`;
}

/** What `meshctl COMMAND --help` says. */
export function commandHelp({ name, usage, help, options }: Command): string {
  const flags = Object.entries({ ...options, ...globalOptions } satisfies Options);
  const named = flags.map(([long, flag]): [string, string] => [flagText(long, flag), flag.help]);
  const width = Math.max(...named.map(([text]) => text.length));
  const lines = named.map(([text, what]) => `  ${text.padEnd(width)}  ${what}`);
  return [`meshctl ${name} ${usage}`.trimEnd(), `  ${help}`, '', ...lines, ''].join('\n');
}

function flagText(long: string, { short, type, value = 'VALUE' }: Flag): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${long}${type === 'string' ? ` ${value}` : ''}`;
}
