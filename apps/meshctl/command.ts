import { loadContext, loadCredentials, type Context } from './context';
import { usageError, type ExitCode } from './exit';
import { HttpClient } from './http-client';
import { outputFormat, type OutputFormat } from './output';

/** A flag: what parseArgs reads, and what people and their shells are told of it. */
export interface Flag {
  type: 'string' | 'boolean';
  /** One letter. */
  short?: string;
  multiple?: boolean;
  /** A few words for people. */
  help: string;
  /** What its value is called: `NAMESPACE`; without one it is `VALUE`. */
  value?: string;
  /** What its value can be: one of these words, or a file. */
  values?: readonly string[] | 'files';
}

/** Flags by their long names. */
export type Options = Readonly<Record<string, Flag>>;

/** One command of the CLI. */
export interface Command {
  /** `apply`, `token create`. */
  name: string;
  /** What follows the name: `-f FILE|DIR|-`. */
  usage: string;
  help: string;
  options: Options;
  /** What can stand at each place of the names behind the command, for shells to complete. */
  words?: readonly (readonly string[])[];
  run(invocation: Invocation): Promise<ExitCode>;
}

export const globalOptions = {
  context: { type: 'string', value: 'FILE', values: 'files', help: 'where the servers are, and the certificate' },
  output: { type: 'string', short: 'o', value: 'FORMAT', values: ['json', 'yaml'], help: 'for scripts' },
  help: { type: 'boolean', short: 'h', help: 'what a command does, and its flags' },
} as const satisfies Options;

/** A command line that was understood as far as its flags, and the servers it speaks to. */
export class Invocation {
  private loaded: Context | undefined;
  private readonly clients: HttpClient[] = [];

  constructor(
    readonly positionals: readonly string[],
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** The value of a flag that may not be left out. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw usageError(`--${name} is needed`);
    return value;
  }

  get output(): OutputFormat {
    return outputFormat(this.text('output'));
  }

  get context(): Context {
    return (this.loaded ??= loadContext(this.text('context')));
  }

  /** Galley, as the context names it. */
  galley(): HttpClient {
    return this.operator(this.context.server);
  }

  /** A server that takes the operator's certificate. */
  operator(address: string): HttpClient {
    return this.client(address, true);
  }

  /** A server's debug address, which asks for no certificate. */
  debug(address: string): HttpClient {
    return this.client(address, false);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private client(address: string, authenticate: boolean): HttpClient {
    const client = new HttpClient(address, authenticate ? loadCredentials(this.context) : {});
    this.clients.push(client);
    return client;
  }
}
