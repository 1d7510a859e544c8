import { logVerbosity, setLogger, setLogVerbosity } from '@grpc/grpc-js';
import { type LoggerService } from '@nestjs/common';
import { destination, pino, type Logger } from 'pino';

export type { Logger } from 'pino';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** JSON logs on standard error, so that standard output stays with what a program prints. */
export function createLog(name: string, level = 'info'): Logger {
  if (!levels.includes(level)) throw new Error(`log level ${JSON.stringify(level)} is none of ${levels.join(', ')}`);
  return pino(
    {
      level,
      base: { component: name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['key', 'token', '*.key', '*.token', 'headers.authorization'],
    },
    destination({ fd: 2, sync: true }),
  );
}

/** Nest's own messages, which matter only to somebody who debugs the wiring. */
export function nestLogger(log: Logger): LoggerService {
  const write =
    (level: 'debug' | 'warn' | 'error') =>
    (message: unknown, ...rest: unknown[]): void => {
      log[level]({ nest: rest.filter((part) => typeof part === 'string') }, String(message));
    };
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('debug'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('error'),
  };
}

/** Sends what grpc-js would print by itself to the log; its callers hear of errors anyway. */
export function logGrpc(log: Logger): void {
  const write = (...parts: unknown[]): void => {
    log.debug({ grpc: parts.map(String).join(' ') }, 'grpc');
  };
  setLogger({ debug: write, info: write, error: write });
  setLogVerbosity(logVerbosity.ERROR);
}
