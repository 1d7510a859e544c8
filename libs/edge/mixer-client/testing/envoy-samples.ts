import type { Address } from '@keelson/api/envoy/config/core/v3/address';
import type { AttributeContext } from '@keelson/api/envoy/service/auth/v3/attribute_context';
import type { Attribute, Attributes } from '@keelson/core/attributes';
import { checkFacts } from '../envoy/check-facts';
import type { Direction } from '../envoy/facts';
import { attributesOf } from '../envoy/mapping';

const text = (value: string): Attribute => ({ type: 'STRING', value });
/** The bytes of an address. */
export const ip = (...bytes: number[]): Buffer => Buffer.from(bytes);

/** An address as Envoy tells it. */
export function address(host: string, port: number): Address {
  const portSpecifier = { $case: 'portValue', value: port } as const;
  return { address: { $case: 'socketAddress', value: { address: host, portSpecifier } } };
}

/** Values by name; string maps as plain objects. */
export function plain(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(
    [...attributes].map(([name, { type, value }]) => [
      name,
      type === 'STRING_MAP' ? Object.fromEntries(value.entries()) : value,
    ]),
  );
}

/** What the own workload knows of itself. */
export function local(direction: Direction): Attributes {
  const side = direction === 'inbound' ? 'destination' : 'source';
  return new Map([
    [`${side}.uid`, text('kubernetes://me.shop')],
    [`${side}.namespace`, text('shop')],
  ]);
}

/** The attributes of a check, by name. */
export function check(context: AttributeContext, texts: Record<string, string> = {}, direction: Direction = 'inbound') {
  return plain(attributesOf('check', checkFacts(context, direction, local(direction)), texts));
}

/** The headers of the request of `context`. */
export const headers = {
  ':authority': 'ratings:9080',
  'x-request-id': 'id-1',
  'user-agent': 'curl',
  referer: 'http://here/',
  'content-type': 'application/json',
  'x-istio-attributes': 'c2VjcmV0',
};

/** What Envoy asks to check. */
export const context: AttributeContext = {
  source: { address: address('10.0.0.1', 4567), principal: 'spiffe://cluster.local/ns/books/sa/reviews' },
  destination: { address: address('10.0.0.2', 9080), principal: 'spiffe://cluster.local/ns/shop/sa/ratings' },
  request: {
    time: { seconds: 100, nanos: 5 },
    http: {
      id: '7',
      method: 'GET',
      host: 'ratings:9080',
      path: '/r/1?a=b',
      scheme: 'http',
      size: -1,
      headers: { ...headers },
    },
  },
  tlsSession: { sni: 'ratings.shop' },
};
