import type { Instant, Value, ValueType } from '@keelson/core/attributes';
import {
  defineAdapter,
  type Adapter,
  type Handler,
  type HandlerEnvironment,
  type HandlerProblem,
  type Instance,
  type InstanceDescription,
  type InstanceValues,
} from '@keelson/core/policy';
import { LineFormat } from './line-format';
import type { LineWriter } from './line-writer';
import { Outputs, type Streams, type Target } from './outputs';
import { levels, schema, usualSeverities, validate, type Level, type Settings } from './settings';

export interface StdioOptions extends Streams {
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

const dayMs = 24 * 3600 * 1000;
const megabyte = 1024 * 1024;
const noValues: InstanceValues = {};

/** Writes logs and metrics as lines, to the streams of the process or to files; all of its handlers share those. */
export function stdioAdapter({ wallClock, ...streams }: StdioOptions): Adapter {
  const outputs = new Outputs(streams, wallClock);
  return defineAdapter<Settings>({
    name: 'stdio',
    plural: 'stdios',
    description: 'Writes logs and metrics to a stream of the process, or to a file',
    templates: ['logentry', 'metric'],
    schema,
    validate,
    open: (settings, environment) => new StdioHandler(settings, environment, outputs, wallClock),
  });
}

class StdioHandler implements Handler {
  readonly #formats: ReadonlyMap<string, LineFormat>;
  readonly #severities: Readonly<Record<string, Level>>;
  readonly #target: Target;
  readonly #writer: LineWriter;
  readonly #outputLevel: number;

  constructor(
    private readonly settings: Settings,
    environment: HandlerEnvironment,
    private readonly outputs: Outputs,
    private readonly wallClock: () => number,
  ) {
    this.#formats = new Map(
      [...environment.instances.values()].map((instance) => [instance.name, formatOf(instance, settings.outputAsJson)]),
    );
    this.#severities = { ...usualSeverities, ...settings.severityLevels };
    this.#outputLevel = levels.indexOf(settings.outputLevel);
    this.#target = targetOf(settings);
    this.#writer = outputs.acquire(this.#target, environment.log);
  }

  report(instances: readonly Instance[]): void {
    for (const { name, template, values } of instances) {
      const metric = template === 'metric';
      const level = metric ? this.settings.metricLevel : this.#levelOf(values['severity'] as string | undefined);
      if (levels.indexOf(level) < this.#outputLevel) continue;
      const time = (metric ? undefined : (values['timestamp'] as Instant | undefined)) ?? this.#now();
      const named = (values[metric ? 'dimensions' : 'variables'] as InstanceValues | undefined) ?? noValues;
      const value = metric ? (values['value'] as Value | undefined) : undefined;
      this.#writer.write((this.#formats.get(name) as LineFormat).line(level, time, { value, named }));
    }
  }

  #levelOf(severity = ''): Level {
    return (Object.hasOwn(this.#severities, severity) ? this.#severities[severity] : undefined) ?? 'INFO';
  }

  #now(): Instant {
    const ms = this.wallClock();
    return { seconds: Math.floor(ms / 1000), nanos: Math.floor((ms % 1000) * 1e6) };
  }

  problems(): readonly HandlerProblem[] {
    const { failure, dropping } = this.#writer;
    const problems: HandlerProblem[] = [];
    if (failure !== undefined) problems.push({ field: 'outputPath', message: `cannot be written to: ${failure}` });
    if (dropping > 0)
      problems.push({ field: '', message: `${dropping} lines were dropped: they cannot be written as fast` });
    return problems;
  }

  async close(): Promise<void> {
    await this.outputs.release(this.#target);
  }
}

function formatOf({ name, template, types }: InstanceDescription, json: boolean): LineFormat {
  const metric = template === 'metric';
  const named = (types[metric ? 'dimensions' : 'variables'] ?? {}) as Record<string, ValueType>;
  return new LineFormat(name, metric ? (types['value'] as ValueType | undefined) : undefined, named, json);
}

function targetOf(settings: Settings): Target {
  const { logStream, outputPath } = settings;
  if (logStream === 'STDOUT') return { stream: 'stdout' };
  if (logStream === 'STDERR') return { stream: 'stderr' };
  if (logStream === 'FILE') return { path: outputPath };
  return {
    path: outputPath,
    rotation: {
      // 0 is as good as nothing here, as it was in Mixer.
      maxBytes: (settings.maxMegabytesBeforeRotation || 100) * megabyte,
      maxAgeMs: settings.maxDaysBeforeRotation * dayMs,
      maxFiles: settings.maxRotatedFiles,
    },
  };
}
