import type { Scope, MeshSettings } from '@keelson/core/mesh';
import type { TransportSocket } from '@keelson/api/envoy/config/core/v3/base';
import { RawBuffer } from '@keelson/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
  type SubjectAltNameMatcher,
  type TlsParameters,
} from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/common';
import type { SdsSecretConfig } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/secret';
import {
  DownstreamTlsContext,
  UpstreamTlsContext,
  type CommonTlsContext,
} from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/tls';
import { fromAgent } from './config-source';
import { sortedSet } from './order';
import { typedConfig } from './wire';

/** The TLS application protocol by which the receiving proxy knows a caller of the mesh. */
const meshAlpn = 'istio';
/** All names that callers of a mesh, ours or Istio's, announce themselves by. */
export const meshAlpns = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const httpAlpns = ['h2', 'http/1.1'];

/** TLS versions spoken inside the mesh. */
const meshVersions: TlsParameters = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** A secret that the agent serves. */
export function secret(name: string): SdsSecretConfig {
  return { name, sdsConfig: fromAgent };
}

/** No TLS. */
export const plaintext: TransportSocket = {
  name: 'envoy.transport_sockets.raw_buffer',
  configType: typedConfig('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', RawBuffer, {}),
};

/** Wraps the caller's side of TLS. */
export function upstreamTls(context: UpstreamTlsContext): TransportSocket {
  const type = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  return { name: 'envoy.transport_sockets.tls', configType: typedConfig(type, UpstreamTlsContext, context) };
}

/** Wraps the server's side of TLS. */
function downstreamTls(context: DownstreamTlsContext): TransportSocket {
  const type = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
  return { name: 'envoy.transport_sockets.tls', configType: typedConfig(type, DownstreamTlsContext, context) };
}

/**
 * Mesh TLS as a caller: our certificate, the mesh's roots, and a server that is one of `identities`. Without any the
 * server has to be of our trust domain at least.
 */
export function meshUpstreamTls(
  scope: Scope,
  options: { identities: readonly string[]; sni: string; http2: boolean },
): TransportSocket {
  const names = sortedSet(options.identities);
  const matchers = names.length === 0 ? trustDomainMatchers(scope.settings) : names.map(exactName);
  return upstreamTls({
    commonTlsContext: meshContext(matchers, options.http2 ? [meshAlpn, 'h2'] : [meshAlpn]),
    sni: options.sni,
  });
}

/** Mesh TLS as a server: the caller needs a certificate of our trust domain. */
export function meshDownstreamTls(settings: MeshSettings, http: boolean): TransportSocket {
  return downstreamTls({
    commonTlsContext: meshContext(trustDomainMatchers(settings), http ? httpAlpns : []),
    requireClientCertificate: true,
  });
}

/** How a gateway presents itself: the certificate of a credential, and a demand for the client's where asked. */
export function gatewayTls(
  certificates: readonly SdsSecretConfig[],
  versions: TlsParameters,
  client?: { roots: SdsSecretConfig; names: readonly string[]; required: boolean },
): TransportSocket {
  return downstreamTls({
    commonTlsContext: {
      tlsParams: versions,
      tlsCertificateSdsSecretConfigs: [...certificates],
      alpnProtocols: httpAlpns,
      ...(client === undefined
        ? {}
        : {
            validationContextType: {
              $case: 'combinedValidationContext',
              value: {
                defaultValidationContext: { matchTypedSubjectAltNames: sortedSet(client.names).map(exactName) },
                validationContextSdsSecretConfig: client.roots,
              },
            },
          }),
    },
    requireClientCertificate: client?.required ?? false,
  });
}

/** A name that a certificate must carry: a URI such as a SPIFFE id, or a DNS name. */
export function exactName(name: string): SubjectAltNameMatcher {
  const sanType = name.includes('://') ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS;
  return { sanType, matcher: { matchPattern: { $case: 'exact', value: name } } };
}

/** The trust domains that count as ours, the own one first. */
export function trustDomains(settings: MeshSettings): string[] {
  return [...new Set([settings.trustDomain, ...(settings.config.trustDomainAliases ?? [])])];
}

function trustDomainMatchers(settings: MeshSettings): SubjectAltNameMatcher[] {
  return trustDomains(settings).map((domain) => ({
    sanType: SubjectAltNameMatcher_SanType.URI,
    matcher: { matchPattern: { $case: 'prefix', value: `spiffe://${domain}/` } },
  }));
}

function meshContext(matchers: SubjectAltNameMatcher[], alpnProtocols: string[]): CommonTlsContext {
  return {
    tlsParams: meshVersions,
    tlsCertificateSdsSecretConfigs: [secret('default')],
    validationContextType: {
      $case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: matchers },
        validationContextSdsSecretConfig: secret('ROOTCA'),
      },
    },
    alpnProtocols,
  };
}
