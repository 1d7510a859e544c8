import { isOfType, type Attribute, type Attributes } from '@keelson/core/attributes';
import type { AttributeRow, Sources } from './attribute-row';
import { attributeTable } from './attributes';
import type { Facts } from './facts';
import { peerAttributes } from './peer-attributes';
import { addStatic } from './static-attributes';

type Protocol = keyof Sources;

interface Reading extends AttributeRow {
  readonly read: (facts: Facts) => unknown;
}

const rowsOf = (protocol: Protocol): readonly Reading[] =>
  attributeTable.filter((row): row is Reading => row.from[protocol] !== undefined && row.read !== undefined);

const rows: Readonly<Record<Protocol, readonly Reading[]>> = {
  check: rowsOf('check'),
  http: rowsOf('http'),
  tcp: rowsOf('tcp'),
};

/**
 * The attributes of one request or connection, of one protocol of Envoy. What the own workload knows of itself goes before
 * what Envoy sees, and what the route's configuration says before both.
 *
 * @param texts attributes as the configuration of the route writes them
 */
export function attributesOf(protocol: Protocol, facts: Facts, texts: Readonly<Record<string, string>>): Attributes {
  const attributes = new Map<string, Attribute>();
  for (const { name, type, only, read } of rows[protocol]) {
    if (only !== undefined && only !== facts.direction) continue;
    const value = read(facts);
    if (value !== undefined && isOfType(type, value)) attributes.set(name, { type, value } as Attribute);
  }
  for (const [name, attribute] of peerAttributes(facts)) attributes.set(name, attribute);
  for (const [name, attribute] of facts.local) attributes.set(name, attribute);
  if (facts.direction === 'outbound') addUpstreamWorkload(attributes, texts['istio.workload']);
  addStatic(attributes, texts);
  return attributes;
}

/** The workload that answered, by the text of its endpoint: `name;namespace;app;version;cluster`. */
function addUpstreamWorkload(attributes: Map<string, Attribute>, text: string | undefined): void {
  if (text === undefined) return;
  const [name = '', namespace = '', app = '', version = ''] = text.split(';', 5);
  if (name !== '') attributes.set('destination.workload.name', { type: 'STRING', value: name });
  if (namespace !== '') {
    attributes.set('destination.workload.namespace', { type: 'STRING', value: namespace });
    attributes.set('destination.namespace', { type: 'STRING', value: namespace });
  }
  const labels = new Map<string, string>();
  if (app !== '') labels.set('app', app);
  if (version !== '') labels.set('version', version);
  if (labels.size > 0) attributes.set('destination.labels', { type: 'STRING_MAP', value: labels });
}
