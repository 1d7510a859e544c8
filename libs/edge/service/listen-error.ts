import { FatalError } from './fatal-error';

/** Where a server listens, and the flag that moves it. */
export interface ListenAddress {
  host: string;
  port: number;
  /** The flag that sets the port, named when it is in use. */
  flag?: string;
}

/** A server that could not open its port; the message is the one line that the user sees. */
export class ListenError extends FatalError {}

/** Says in one line why a port could not be opened, and what to change. */
export function listenError(error: unknown, { host, port, flag }: ListenAddress): ListenError {
  const text = error instanceof Error ? error.message : String(error);
  const place = `${host}:${port}`;
  const hint = flag === undefined ? '' : ` (choose another with ${flag})`;
  if (/EADDRINUSE|address already in use/i.test(text))
    return new ListenError(`port ${port} on ${host} is in use${hint}`);
  if (/EACCES/.test(text)) return new ListenError(`no permission to listen on ${place}${hint}`);
  if (/EADDRNOTAVAIL/.test(text)) return new ListenError(`cannot listen on ${place}: this machine has no such address`);
  return new ListenError(`cannot listen on ${place}: ${text}`);
}
