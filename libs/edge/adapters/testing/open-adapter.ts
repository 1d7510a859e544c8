import {
  readSettings,
  type Adapter,
  type Handler,
  type HandlerEnvironment,
  type InstanceDescription,
  type InstanceTypes,
} from '@keelson/core/policy';

/** A clock that stands still until it is moved, in milliseconds. */
export class TestClock {
  constructor(public time = 1_000_000) {}

  readonly now = (): number => this.time;

  move(ms: number): void {
    this.time += ms;
  }
}

/** What a test says of a handler's environment. */
export interface TrialEnvironment {
  readonly instances?: readonly InstanceDescription[];
  readonly clock?: TestClock;
}

/** A log that keeps its messages, each as its fields and its text. */
export class TestLog {
  readonly lines: { level: string; fields: object; message: string }[] = [];

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message });
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message });
  }
}

export function environment({ instances = [], clock = new TestClock() }: TrialEnvironment = {}): HandlerEnvironment & {
  log: TestLog;
} {
  return {
    name: 'trial.istio-system',
    instances: new Map(instances.map((instance) => [instance.name, instance])),
    log: new TestLog(),
    now: clock.now,
  };
}

/** What is wrong with params: `field: message`, as a user is told. */
export function settingsProblems(adapter: Adapter, params: object): string[] {
  return readSettings(adapter, params as never, 'spec.params', 'handler istio-system/trial').problems.map(
    ({ field = '', message }) => `${field}: ${message}`,
  );
}

/** Opens an adapter with the params of a handler, after they were judged as configuration is. */
export function openAdapter(adapter: Adapter, params: object, trial?: TrialEnvironment): Handler {
  const { settings, problems } = readSettings(adapter, params as never, 'spec.params', 'handler istio-system/trial');
  if (problems.length > 0) throw new Error(settingsProblems(adapter, params).join('; '));
  return adapter.open(settings, environment(trial));
}

export function instance(name: string, template: string, types: InstanceTypes): InstanceDescription {
  return { name, template, types };
}
