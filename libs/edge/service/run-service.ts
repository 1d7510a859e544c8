import 'reflect-metadata';
import { type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { type MicroserviceOptions } from '@nestjs/microservices';
import { FatalError } from './fatal-error';
import { createLog, logGrpc, nestLogger } from './log';
import { ServiceRuntime, type Runtime } from './runtime';
import { SettingsError, type SettingSpec, type SettingsSpec, type SettingValues } from './settings';

export interface ServiceOptions<S extends Record<string, SettingSpec>> {
  name: string;
  settings: SettingsSpec<S>;
  /** The port of `/healthz`, `/readyz` and `/metrics`. */
  monitoringPort: (values: SettingValues<S>) => number;
  /** The flag that sets it. */
  monitoringFlag?: string;
  module: (runtime: Runtime<SettingValues<S>>) => DynamicModule;
  /** Whether words after `--` mean something to it. */
  takesCommand?: boolean;
}

const stopLimitMs = 10_000;

interface NetworkValues {
  dataDir?: string;
  bindAddress?: string;
  logLevel?: string;
}

/** A service that runs in this process. */
export interface RunningService {
  /** The ports that it opened, by name; `monitoring` among them. */
  readonly ports: ReadonlyMap<string, number>;
  /** Resolves with the exit code once everything has stopped. */
  readonly ended: Promise<number>;
  stop(): Promise<number>;
}

/** Runs a service until it is told to stop by SIGTERM or SIGINT, then ends the process. */
export async function runService<S extends Record<string, SettingSpec>>(options: ServiceOptions<S>): Promise<void> {
  const { name } = options;
  let service: RunningService | undefined;
  try {
    const { values, help, command } = options.settings.read(process.argv.slice(2), process.env);
    if (help) {
      process.stdout.write(options.settings.help(`node dist/apps/${name}/main.js`));
      return;
    }
    if (command.length > 0 && options.takesCommand !== true)
      throw new SettingsError(`unexpected arguments after --: ${command.join(' ')}`);
    const runtime = runtimeOf(options, values, command);
    process.on('unhandledRejection', (error) => {
      runtime.log.error({ err: error }, 'a promise was rejected and nobody listened');
    });
    process.on('uncaughtException', (error) => {
      runtime.log.fatal({ err: error }, 'an error that nobody caught');
      process.exit(1);
    });
    // Node's warnings (of deprecations in a dependency, say) are lines of the log, as everything else is.
    process.removeAllListeners('warning');
    process.on('warning', (warning) => {
      runtime.log.debug({ err: warning }, 'a warning of Node');
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (runtime.signal.aborted) process.exit(1);
        runtime.shutdown(0, signal);
      });
    service = await start(options, runtime);
    process.exit(await service.ended);
  } catch (error) {
    process.exit(report(name, error));
  }
}

/** Starts a service inside this process, for tests that look at it from within. */
export async function startService<S extends Record<string, SettingSpec>>(
  options: ServiceOptions<S>,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<RunningService> {
  const { values, command } = options.settings.read(argv, env);
  return start(options, runtimeOf(options, values, command));
}

function runtimeOf<S extends Record<string, SettingSpec>>(
  options: ServiceOptions<S>,
  values: SettingValues<S>,
  command: string[],
): ServiceRuntime<SettingValues<S> & NetworkValues> {
  const known: SettingValues<S> & NetworkValues = values;
  let log;
  try {
    log = createLog(options.name, known.logLevel);
  } catch (error) {
    throw new SettingsError(`--log-level: ${String(error instanceof Error ? error.message : error)}`);
  }
  logGrpc(log);
  return new ServiceRuntime(options.name, known, log, command);
}

async function start<S extends Record<string, SettingSpec>>(
  options: ServiceOptions<S>,
  runtime: ServiceRuntime<SettingValues<S> & NetworkValues>,
): Promise<RunningService> {
  let app: INestMicroservice | undefined;
  const stopAll = async (): Promise<void> => {
    const part = async (what: string, stop: () => unknown): Promise<void> => {
      try {
        await stop();
      } catch (error) {
        runtime.log.error({ err: error, part: what }, 'stopping failed');
      }
    };
    await part('servers', () => app?.close());
    for (const ending of [...runtime.endings].reverse()) await part('ending', ending);
    await part('monitoring', () => runtime.http.stop(500));
  };
  const ended = new Promise<void>((resolve) => {
    runtime.signal.addEventListener('abort', () => {
      resolve();
    });
  }).then(async () => {
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      late = setTimeout(() => {
        runtime.log.warn('stopping takes too long; ending now');
        resolve();
      }, stopLimitMs);
    });
    await Promise.race([stopAll(), limit]);
    clearTimeout(late);
    return runtime.exitCode;
  });

  try {
    const port = await runtime.http.listen({
      host: runtime.settings.bindAddress ?? '127.0.0.1',
      port: options.monitoringPort(runtime.settings),
      flag: options.monitoringFlag ?? '--monitoring-port',
    });
    runtime.ports.set('monitoring', port);
    // Loaded only here: agents use this library without Nest, and its memory would count for every workload.
    const [{ NestFactory }, { PartsTransport }] = await Promise.all([
      import('@nestjs/core'),
      import('./parts-transport'),
    ]);
    const transport = new PartsTransport(runtime.parts);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes plain objects
    app = await NestFactory.createMicroservice<MicroserviceOptions>(options.module(runtime), {
      strategy: transport,
      logger: nestLogger(runtime.log),
      abortOnError: false,
    });
    const listening = app.listen();
    const stopped = ended.then(() => undefined);
    // A part may wait for ever (for a certificate); a signal ends the wait.
    await Promise.race([listening, stopped]);
    if (!runtime.signal.aborted) {
      runtime.health.set('startup', true);
      runtime.log.info({ monitoringPort: port }, `${runtime.name} runs`);
    }
  } catch (error) {
    runtime.abort(1, error instanceof Error ? error.message : String(error));
    await ended;
    throw error;
  }
  return {
    ports: runtime.ports,
    ended,
    stop: () => {
      runtime.shutdown(0, 'stop');
      return ended;
    },
  };
}

/** Prints why a service could not start, and gives the exit code. */
function report(name: string, error: unknown): number {
  const known = error instanceof SettingsError || error instanceof FatalError;
  const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${name}: ${text}\n`);
  return error instanceof SettingsError ? 2 : 1;
}
