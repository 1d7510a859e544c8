import type { Int64, Value, ValueType } from '@keelson/core/attributes';
import type { SchemaObject } from 'ajv';

/** The values of one instance, in the shape of its template; a field that configuration leaves out is not there. */
export interface InstanceValues {
  readonly [field: string]: Value | InstanceValues;
}

/** One instance as an adapter gets it. */
export interface Instance {
  /** `requestcount.metric.istio-system`: name, kind and namespace of the object that it is made of. */
  readonly name: string;
  readonly template: string;
  readonly values: InstanceValues;
}

/** The types of an instance's values, in the same shape. */
export interface InstanceTypes {
  readonly [field: string]: ValueType | InstanceTypes;
}

/** An instance that rules send to a handler: known when the handler is opened. */
export interface InstanceDescription {
  readonly name: string;
  readonly template: string;
  readonly types: InstanceTypes;
}

/** What a handler says of a check. */
export interface Verdict {
  /** A gRPC status code, 0 for yes. */
  readonly code: number;
  /** Why not; empty for yes. */
  readonly message: string;
  /** How long, in milliseconds, and for how many requests that are alike it holds. */
  readonly validForMs: number;
  readonly validUses: number;
  /** What the client is answered instead of a plain refusal. */
  readonly response?: DirectResponse;
}

/** An HTTP answer that an adapter gives in the place of the application. */
export interface DirectResponse {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How much of a quota a request asks for. */
export interface QuotaAsk {
  readonly amount: Int64;
  /** Less than the amount is welcome too. */
  readonly bestEffort: boolean;
  /** Asking again with the same id takes nothing more. */
  readonly deduplicationId: string;
}

/** What was granted of a quota. */
export interface Grant {
  readonly amount: Int64;
  readonly validForMs: number;
}

/** A part of a handler's settings that does not work; the rest does. */
export interface HandlerProblem {
  /** The path of the field below the settings; empty for all of them. */
  readonly field: string;
  readonly message: string;
}

/** An adapter with one set of settings, at work. What it throws, or rejects with, fails the call and nothing else. */
export interface Handler {
  check?(instance: Instance): Verdict | Promise<Verdict>;
  quota?(instance: Instance, ask: QuotaAsk): Grant | Promise<Grant>;
  /** Takes all instances of one call at once. */
  report?(instances: readonly Instance[]): void | Promise<void>;
  /** What of its settings does not work now, such as a label that the instance lacks or a list that cannot be fetched. */
  problems?(): readonly HandlerProblem[];
  /** Lets go of what it holds; what it has not passed on yet goes out first. */
  close?(): void | Promise<void>;
}

/** What a handler is opened with. */
export interface HandlerEnvironment {
  /** `denyall.istio-system`. */
  readonly name: string;
  /** What rules send to it, by name. */
  readonly instances: ReadonlyMap<string, InstanceDescription>;
  readonly log: AdapterLog;
  /** Milliseconds that never go back. */
  now(): number;
}

export interface AdapterLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Tells what is wrong with one field of the settings. */
export type ReportProblem = (field: string, message: string) => void;

/**
 * One kind of handlers: which templates it takes, its settings, and how a handler is opened. Settings are described by a
 * JSON schema with defaults; fields may be written with underscores too.
 */
export interface Adapter<Settings = unknown> {
  readonly name: string;
  /** Of the old kind of configuration that is named after it. */
  readonly plural: string;
  readonly description: string;
  readonly templates: readonly string[];
  readonly schema: SchemaObject;
  /** What the schema cannot tell, of settings that fit it. */
  validate?(settings: Settings, report: ReportProblem): void;
  /** Starts it. Called with settings that were found good. */
  open(settings: Settings, environment: HandlerEnvironment): Handler;
}

/** Adapters by name. */
export type AdapterTable = ReadonlyMap<string, Adapter>;

/** Describes an adapter; the type of its settings is known to its own folder only. */
export function defineAdapter<Settings>(adapter: Adapter<Settings>): Adapter {
  return adapter;
}
