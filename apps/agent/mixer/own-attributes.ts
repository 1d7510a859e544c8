import { Attributes as PlainAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import type { Attribute, Attributes } from '@keelson/core/attributes';
import { ipBytes } from '@keelson/edge/mixer-client';
import type { AgentWorkload } from '../workload';

/** What is told of the own workload to Mixer, as the one that calls (`source`) or the one that is called. */
export function ownAttributes(
  workload: AgentWorkload,
  trustDomain: string,
  side: 'source' | 'destination',
): Map<string, Attribute> {
  const { name, namespace, serviceAccount, labels, address } = workload;
  const texts = {
    uid: `kubernetes://${name}.${namespace}`,
    name,
    namespace,
    principal: `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
    serviceAccount,
    'workload.uid': `istio://${namespace}/workloads/${name}`,
    'workload.name': name,
    'workload.namespace': namespace,
  };
  const attributes = new Map<string, Attribute>();
  for (const [key, value] of Object.entries(texts)) attributes.set(`${side}.${key}`, { type: 'STRING', value });
  attributes.set(`${side}.labels`, { type: 'STRING_MAP', value: new Map(Object.entries(labels)) });
  const ip = ipBytes(address);
  if (ip !== undefined) attributes.set(`${side}.ip`, { type: 'IP_ADDRESS', value: ip });
  return attributes;
}

/** Which of them a proxy tells the next one: what a certificate shows goes without saying. */
const told = new Set([
  'source.uid',
  'source.name',
  'source.namespace',
  'source.labels',
  'source.workload.uid',
  'source.workload.name',
  'source.workload.namespace',
]);

/** The own workload as its proxy tells the next one in the header `x-istio-attributes`: base64 of `istio.mixer.v1.Attributes`. */
export function peerText(own: Attributes): string {
  const attributes = Object.fromEntries(
    [...own].filter(([name]) => told.has(name)).map(([name, attribute]) => [name, { value: plain(attribute) }]),
  );
  return Buffer.from(PlainAttributes.encode({ attributes }).finish()).toString('base64');
}

function plain(attribute: Attribute) {
  if (attribute.type === 'STRING') return { $case: 'stringValue', value: attribute.value } as const;
  if (attribute.type !== 'STRING_MAP') throw new Error(`no workload is told by a ${attribute.type}`);
  return { $case: 'stringMapValue', value: { entries: Object.fromEntries(attribute.value.entries()) } } as const;
}
