import {
  Attributes as PlainAttributes,
  type Attributes_AttributeValue as PlainValue,
} from '@keelson/api/istio/mixer/v1/attributes';
import { isOfType, type Attribute, type Attributes } from '@keelson/core/attributes';
import { BoundedMap } from '@keelson/edge/service';
import { attributeTable } from './attributes';
import type { Facts } from './facts';
import { RecordMap } from './record-map';
import { instantOf, nanosOf } from './times';

const types = new Map(attributeTable.filter(({ peer }) => peer).map(({ name, type }) => [name, type]));

/** Longer texts come from nobody who only tells of himself. */
const maxLength = 16 * 1024;
const kept = new BoundedMap<string, Attributes>(1_000);
const nothing: Attributes = new Map();

/** Under which Envoy's metadata have what the caller's proxy sent in the header `x-istio-attributes`. */
const place = { filter: 'istio.mixer', key: 'attributes' } as const;

/**
 * What the caller's proxy says of the caller. It is believed only where the certificate shows a workload, and only if no
 * part of it claims another namespace than the certificate's: within one's own namespace one may say anything. What
 * Envoy sees itself, as the address, is not asked of the caller.
 */
export function peerAttributes({ direction, connection: { mtls, peer }, metadata }: Facts): Attributes {
  const text = metadata[place.filter]?.[place.key];
  if (direction !== 'inbound' || !mtls || peer?.namespace === undefined) return nothing;
  if (typeof text !== 'string' || text.length > maxLength) return nothing;
  const key = `${peer.namespace}/${text}`;
  let said = kept.get(key);
  if (said === undefined) kept.set(key, (said = read(text, peer.namespace)));
  return said;
}

function read(text: string, namespace: string): Attributes {
  let plain: Readonly<Record<string, PlainValue>>;
  try {
    plain = PlainAttributes.decode(Buffer.from(text, 'base64')).attributes ?? {};
  } catch {
    return nothing;
  }
  if (!speaksFor(namespace, plain)) return nothing;
  const said = new Map<string, Attribute>();
  for (const [name, type] of types) {
    const value = Object.hasOwn(plain, name) ? valueOf(plain[name]) : undefined;
    if (isOfType(type, value)) said.set(name, { type, value } as Attribute);
  }
  return said;
}

/** How Istio writes uids, which tell the namespace. Rules may look at a part of one: what has another form claims anything. */
const uids = [
  ['source.uid', /^kubernetes:\/\/[^\s/]+\.([^.\s/]+)$/],
  ['source.workload.uid', /^istio:\/\/([^\s/]+)\/workloads\/[^\s/]+$/],
] as const;

function speaksFor(namespace: string, plain: Readonly<Record<string, PlainValue>>): boolean {
  const textOf = (name: string): string | undefined => {
    const value = Object.hasOwn(plain, name) ? valueOf(plain[name]) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const named = ['source.namespace', 'source.workload.namespace'].every(
    (name) => (textOf(name) ?? namespace) === namespace,
  );
  return (
    named &&
    uids.every(([name, form]) => {
      const uid = textOf(name);
      return uid === undefined || form.exec(uid)?.[1] === namespace;
    })
  );
}

function valueOf(plain: PlainValue | undefined): unknown {
  const value = plain?.value;
  switch (value?.$case) {
    case 'timestampValue':
      return instantOf(value.value);
    case 'durationValue':
      return nanosOf(value.value);
    case 'stringMapValue':
      return new RecordMap(value.value.entries ?? {});
    default:
      return value?.value;
  }
}
