import type { Node } from '@keelson/api/envoy/config/core/v3/base';
import type { ClientProfile, ProxyNode } from '@keelson/core/mesh';

const form = 'sidecar|router~<IP>~<name>.<namespace>~<domain>';

/** A node that cannot be served; the message goes to the client as INVALID_ARGUMENT. */
export class NodeError extends Error {}

/**
 * Reads a node as Istio's proxies describe themselves: the id `sidecar~10.0.0.1~app.default~default.svc.cluster.local`
 * and metadata NAMESPACE, LABELS, SERVICE_ACCOUNT, CLUSTER_ID, NETWORK, INTERCEPTION_MODE, and Keelson's
 * MIXER_CLIENT. Throws NodeError naming the form.
 */
export function proxyNodeOf(node: Node): ProxyNode {
  const id = node.id ?? '';
  const parts = id.split('~');
  const [role, address, workload] = parts;
  if (parts.length !== 4 || (role !== 'sidecar' && role !== 'router') || !address || !workload)
    throw new NodeError(`node id ${JSON.stringify(id.slice(0, 200))} is not of the form ${form}`);
  const dot = workload.lastIndexOf('.');
  const metadata: Record<string, unknown> = node.metadata ?? {};
  const text = (key: string): string => (typeof metadata[key] === 'string' ? metadata[key] : '');
  const namespace = text('NAMESPACE') || (dot > 0 ? workload.slice(dot + 1) : '');
  if (namespace === '') throw new NodeError(`node id ${JSON.stringify(id)} names no namespace: its form is ${form}`);
  const { region, zone, subZone } = node.locality ?? {};
  const mode = text('INTERCEPTION_MODE');
  const client = {
    ...clientOf(node, text('GENERATOR')),
    ...(text('MIXER_CLIENT') === 'true' ? { mixerClient: true } : {}),
  };
  return {
    id,
    // Gateways are opened by Envoys only.
    role: client.kind === 'grpc' ? 'sidecar' : role,
    address,
    name: text('WORKLOAD_NAME') || (dot > 0 ? workload.slice(0, dot) : workload),
    namespace,
    labels: labelsOf(metadata.LABELS),
    serviceAccount: text('SERVICE_ACCOUNT'),
    cluster: text('CLUSTER_ID'),
    network: text('NETWORK'),
    locality: [region, zone, subZone].filter((part) => part).join('/'),
    interception: mode === 'NONE' || mode === 'TPROXY' ? mode : 'REDIRECT',
    client,
  };
}

function labelsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function clientOf(node: Node, generator: string): ClientProfile {
  const kind = generator === 'grpc' || (node.userAgentName ?? '').startsWith('gRPC') ? 'grpc' : 'envoy';
  const version = node.userAgentVersionType;
  if (version?.$case === 'userAgentVersion') return { kind, version: version.value };
  const build = version?.value.version;
  if (!build) return { kind, version: '' };
  return { kind, version: [build.majorNumber ?? 0, build.minorNumber ?? 0, build.patch ?? 0].join('.') };
}

/** The namespace and account of a SPIFFE id, or undefined where it is of another form. */
export function accountOf(spiffeId: string): { trustDomain: string; namespace: string; account: string } | undefined {
  const match = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(spiffeId);
  return match?.[1] && match[2] && match[3]
    ? { trustDomain: match[1], namespace: match[2], account: match[3] }
    : undefined;
}
