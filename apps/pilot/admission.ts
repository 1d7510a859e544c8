import { status } from '@grpc/grpc-js';
import type { Node } from '@keelson/api/envoy/config/core/v3/base';
import type { ProxyNode } from '@keelson/core/mesh';
import type { PeerIdentity } from '@keelson/edge/service';
import { XdsRefusal } from '@keelson/edge/xds';
import { accountOf, NodeError, proxyNodeOf } from './node';

/**
 * Lets a proxy in. What a node says of itself is believed within its certificate: namespace and account have to be the
 * certificate's, in the metadata and in the id, under which its receipts are kept. In plaintext there is nobody to disprove it.
 */
export function admitProxy(claimed: Node, peer: PeerIdentity | undefined, trustDomain: string): ProxyNode {
  const node = read(claimed);
  if (!peer) return node;
  const [id, ...more] = peer.spiffeIds;
  const identity = id === undefined || more.length > 0 ? undefined : accountOf(id);
  if (identity?.trustDomain !== trustDomain)
    throw denied(`the certificate holds no SPIFFE id of a workload of ${trustDomain}`);
  const idNamespace = namespaceInId(node.id) ?? node.namespace;
  const otherNamespace = [node.namespace, idNamespace].find((namespace) => namespace !== identity.namespace);
  if (otherNamespace !== undefined)
    throw denied(`node ${node.id} says namespace ${otherNamespace}, its certificate says ${identity.namespace}`);
  if (node.serviceAccount !== '' && node.serviceAccount !== identity.account)
    throw denied(
      `node ${node.id} says service account ${node.serviceAccount}, its certificate says ${identity.account}`,
    );
  return { ...node, serviceAccount: identity.account };
}

function read(claimed: Node): ProxyNode {
  try {
    return proxyNodeOf(claimed);
  } catch (error) {
    if (error instanceof NodeError) throw new XdsRefusal(status.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

/** The namespace in `sidecar~<IP>~<name>.<namespace>~<domain>`. */
function namespaceInId(id: string): string | undefined {
  const workload = id.split('~')[2] ?? '';
  const dot = workload.lastIndexOf('.');
  return dot < 0 ? undefined : workload.slice(dot + 1);
}

function denied(message: string): XdsRefusal {
  return new XdsRefusal(status.PERMISSION_DENIED, message);
}
