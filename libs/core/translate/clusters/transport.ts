import {
  ClientTLSSettings_TLSmode as Mode,
  type ClientTLSSettings,
} from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Scope, Service, ServicePort } from '@keelson/core/mesh';
import type { Cluster } from '@keelson/api/envoy/config/cluster/v3/cluster';
import { outboundSni } from '../names';
import type { NameFromRequest } from './connection-pool';
import { exactName, meshUpstreamTls, plaintext, secret, upstreamTls } from '../tls';

/** Metadata by which an endpoint says that its proxy takes mutual TLS. */
export const mutualTlsMatch = { tlsMode: 'istio' };

/**
 * TLS towards the endpoints of a service. Without a word in a rule, mesh services get mutual TLS at every endpoint that
 * can take it; others are called as they are.
 */
export function transport(
  scope: Scope,
  service: Service,
  port: ServicePort,
  subset: string,
  tls: ClientTLSSettings | undefined,
  http2: boolean,
): Partial<Cluster> {
  const mesh = (names: readonly string[], sni: string) => meshUpstreamTls(scope, { identities: names, sni, http2 });
  const sni = outboundSni(service.hostname, port.number, subset);
  switch (tls?.mode) {
    case undefined:
      if (service.location === 'external' || scope.settings.config.enableAutoMtls === false) return {};
      // Without an endpoint that could use it, TLS would only make the cluster wait for a certificate.
      if (!scope.takesMutualTls(service)) return {};
      return {
        transportSocketMatches: [
          {
            name: 'tlsMode-istio',
            match: mutualTlsMatch,
            transportSocket: mesh(serverNames(scope, service), sni),
          },
          { name: 'tlsMode-disabled', match: {}, transportSocket: plaintext },
        ],
      };
    case Mode.DISABLE:
      return {};
    case Mode.ISTIO_MUTUAL: {
      const names = tls.subjectAltNames ?? [];
      return { transportSocket: mesh(names.length > 0 ? names : serverNames(scope, service), tls.sni ? tls.sni : sni) };
    }
    case Mode.SIMPLE:
    case Mode.MUTUAL:
      return { transportSocket: originateTls(scope, service, tls, http2) };
  }
}

/** A service whose TLS is begun here, and is told no name, is asked for by the Host of each request, and has to prove it. */
export function nameFromRequest(service: Service, tls: ClientTLSSettings | undefined): NameFromRequest {
  if (tls?.mode !== Mode.SIMPLE && tls?.mode !== Mode.MUTUAL) return {};
  const known = (tls.subjectAltNames ?? []).length > 0 || service.subjectAltNames.length > 0;
  return {
    ...(tls.sni ? {} : { autoSni: true }),
    ...(known || tls.insecureSkipVerify === true ? {} : { autoSanValidation: true }),
  };
}

/** Who may answer for a service: as configured, else the accounts of its workloads. */
function serverNames(scope: Scope, service: Service): readonly string[] {
  return service.subjectAltNames.length > 0 ? service.subjectAltNames : scope.identities(service);
}

const systemRoots = '/etc/ssl/certs/ca-certificates.crt';

function originateTls(scope: Scope, service: Service, tls: ClientTLSSettings, http2: boolean) {
  const configured = tls.subjectAltNames ?? [];
  const names = configured.length > 0 ? configured : service.subjectAltNames;
  const matchTypedSubjectAltNames = [...names].sort().map(exactName);
  const credential = tls.credentialName ? `credential://${scope.namespace}/${tls.credentialName}` : undefined;
  const roots = tls.caCertificates ? tls.caCertificates : systemRoots;
  return upstreamTls({
    commonTlsContext: {
      ...(tls.mode === Mode.MUTUAL && credential !== undefined
        ? { tlsCertificateSdsSecretConfigs: [secret(credential)] }
        : {}),
      ...(tls.mode === Mode.MUTUAL && credential === undefined
        ? {
            tlsCertificates: [
              {
                certificateChain: { specifier: { $case: 'filename', value: tls.clientCertificate ?? '' } },
                privateKey: { specifier: { $case: 'filename', value: tls.privateKey ?? '' } },
              },
            ],
          }
        : {}),
      ...(tls.insecureSkipVerify === true
        ? {}
        : {
            validationContextType:
              credential === undefined
                ? {
                    $case: 'validationContext',
                    value: {
                      trustedCa: { specifier: { $case: 'filename', value: roots } },
                      matchTypedSubjectAltNames,
                    },
                  }
                : {
                    $case: 'combinedValidationContext',
                    value: {
                      defaultValidationContext: { matchTypedSubjectAltNames },
                      validationContextSdsSecretConfig: secret(`${credential}-cacert`),
                    },
                  },
          }),
      alpnProtocols: http2 ? ['h2'] : ['http/1.1'],
    },
    // A request's own name stands over this one; connections without requests have only it.
    ...(tls.sni ? { sni: tls.sni } : service.hostname.startsWith('*') ? {} : { sni: service.hostname }),
  });
}
