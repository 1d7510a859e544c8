import { parseSpiffeId } from '@keelson/core/pki';
import { BoundedMap } from '@keelson/edge/service';

/** Who is at the other end of a connection, by a certificate that Envoy verified. */
export interface Peer {
  /** The SPIFFE id without `spiffe://`, as Istio writes principals. */
  readonly principal: string;
  /** Undefined where the id is not of the form that a mesh gives out. */
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

const scheme = 'spiffe://';
const known = new BoundedMap<string, Peer>(1_000);

/** The principal of a URI; undefined for other names, which are no identities here. */
export function principalOf(uri: string | undefined): string | undefined {
  return uri?.startsWith(scheme) === true && uri.length > scheme.length ? uri.slice(scheme.length) : undefined;
}

/** The peer of a SPIFFE id; undefined for any other text. */
export function peerOfUri(uri: string | undefined): Peer | undefined {
  const principal = principalOf(uri);
  if (uri === undefined || principal === undefined) return undefined;
  let peer = known.get(uri);
  if (peer === undefined) {
    const id = parseSpiffeId(uri);
    peer = { principal, namespace: id?.namespace, serviceAccount: id?.serviceAccount };
    known.set(uri, peer);
  }
  return peer;
}
