import { isOfType, type Attribute, type ValueType } from '@keelson/core/attributes';
import { ipBytes } from './addresses';
import { attributeTable } from './attributes';

const types = new Map(attributeTable.map(({ name, type }) => [name, type]));

/** Adds what the configuration of a route says, as texts under the names of attributes; other names are not looked at. */
export function addStatic(attributes: Map<string, Attribute>, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    const type = types.get(name);
    if (type === undefined || text === '') continue;
    const attribute = parsed(type, text);
    if (attribute !== undefined) attributes.set(name, attribute);
  }
}

function parsed(type: ValueType, text: string): Attribute | undefined {
  if (type === 'STRING') return { type, value: text };
  const value = valueOf(type, text);
  return isOfType(type, value) ? ({ type, value } as Attribute) : undefined;
}

function valueOf(type: ValueType, text: string): unknown {
  switch (type) {
    case 'INT64':
      return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
    case 'BOOL':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'IP_ADDRESS':
      return ipBytes(text);
    default:
      return undefined;
  }
}
