import { grpcMethod, rawCodec } from '@keelson/edge/service';
import { RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';

/**
 * Both ends pass bytes: responses are put together from shared frames, and what cannot be decoded is answered by the
 * rules of the protocol.
 */
export const resourceSource = {
  EstablishResourceStream: grpcMethod(
    '/istio.mcp.v1alpha1.ResourceSource/EstablishResourceStream',
    'bidi',
    rawCodec,
    rawCodec,
  ),
};

/** A request's bytes. */
export function encodeRequest(request: RequestResources): Uint8Array {
  return RequestResources.encode(request).finish();
}

/** Room for a chunk, for the whole set that a foreign source sends, or for the versions that a large sink holds. */
export const maxMessageBytes = 64 * 1024 * 1024;
