import type { Attribute, ValueType } from '@keelson/core/attributes';
import type { Direction, Facts } from './facts';

type ValueOf<T extends ValueType> = Extract<Attribute, { type: T }>['value'];

/** In which of Envoy's messages an attribute is found, and under which names there. */
export interface Sources {
  /** `envoy.service.auth.v3.AttributeContext`. */
  readonly check?: string;
  /** `envoy.data.accesslog.v3.HTTPAccessLogEntry`. */
  readonly http?: string;
  /** `envoy.data.accesslog.v3.TCPAccessLogEntry`. */
  readonly tcp?: string;
}

/** One attribute of Mixer's vocabulary, and how it comes from what Envoy tells. */
export interface AttributeRow {
  readonly name: string;
  readonly type: ValueType;
  readonly from: Sources;
  /** Only requests of this direction have it from Envoy. */
  readonly only: Direction | undefined;
  /** The caller's proxy may tell it of the caller. */
  readonly peer: boolean;
  /** Undefined where Envoy does not tell it. */
  readonly read: ((facts: Facts) => unknown) | undefined;
}

/** An attribute that Envoy tells. */
export function row<T extends ValueType>(
  name: string,
  type: T,
  from: Sources,
  read: (facts: Facts) => ValueOf<T> | undefined,
): AttributeRow {
  return { name, type, from, only: undefined, peer: false, read };
}

/** An attribute that only the workload's agent, the caller's proxy or the configuration of the route tells. */
export function told(name: string, type: ValueType): AttributeRow {
  return { name, type, from: {}, only: undefined, peer: false, read: undefined };
}

/** An attribute that Envoy tells in one direction. */
export function only(direction: Direction, given: AttributeRow): AttributeRow {
  return { ...given, only: direction };
}

/** An attribute that the caller's proxy may tell of the caller. */
export function peer(given: AttributeRow): AttributeRow {
  return { ...given, peer: true };
}
