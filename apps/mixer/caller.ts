import { status } from '@grpc/grpc-js';
import { parseSpiffeId } from '@keelson/core/pki';
import { GrpcError, peerOf, type AuthenticatedCall } from '@keelson/edge/service';
import type { Caller } from './calls';

/** Where the identities of callers come from. */
export interface Trust {
  trustDomain: string;
  rootNamespace: string;
}

/**
 * Whom a caller may speak for: workloads for their own namespace, components for all, and all for all where nobody shows a
 * certificate. Throws a GrpcError UNAUTHENTICATED for one that is not of the mesh.
 */
export function callerOf(call: AuthenticatedCall, trust: Trust | undefined): Caller {
  if (trust === undefined) return { namespace: undefined };
  const [id] = peerOf(call)?.spiffeIds.flatMap((each) => parseSpiffeId(each) ?? []) ?? [];
  if (id?.trustDomain !== trust.trustDomain)
    throw new GrpcError(status.UNAUTHENTICATED, 'a certificate of this mesh is needed');
  return { namespace: id.namespace === trust.rootNamespace ? undefined : id.namespace };
}
