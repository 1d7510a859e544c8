import { status } from '@grpc/grpc-js';
import { GrpcError, type PeerIdentity } from '@keelson/edge/service';

/**
 * Who may read the whole configuration over MCP: these identities and no others. That a certificate is from the components'
 * namespace says little: gateways of the mesh live there too.
 */
export function admitReaders(ids: readonly string[]): (peer: PeerIdentity | undefined) => void {
  const readers = new Set(ids);
  return (peer) => {
    const [id, ...more] = peer?.spiffeIds ?? [];
    if (id !== undefined && more.length === 0 && readers.has(id)) return;
    throw new GrpcError(
      status.PERMISSION_DENIED,
      `${id ?? 'a caller without an identity'} may not read configuration (--mcp-readers names who may)`,
    );
  };
}
