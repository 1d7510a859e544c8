import { type ServerUnaryCall } from '@grpc/grpc-js';
import { type IstioCertificateRequest, type IstioCertificateResponse } from '@keelson/api/istio/security/v1alpha1/ca';
import { parseCsr, parseSpiffeId, spkiHash, validityOf, type SpiffeId } from '@keelson/core/pki';
import { problemError, ProblemError } from '@keelson/core/problems';
import { peerOf, serverNamesHeader, type PeerIdentity } from '@keelson/edge/service';
import { X509Certificate } from 'node:crypto';
import { type Issuer } from './issuer';
import { type CitadelMetrics } from './metrics';
import { grantedServerNames } from './server-names';
import { type TokenStore } from './token-store';

type Call = Pick<ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>, 'metadata' | 'getAuthContext'>;

interface Caller {
  identity: SpiffeId;
  name: string;
  /** Spends what the caller authenticated with, once nothing else can be refused. */
  spend: (spki: string) => void;
  event: 'issued' | 'renewed';
}

export interface CertificateServiceOptions {
  issuer: Issuer;
  tokens: TokenStore;
  metrics: CitadelMetrics;
  trustDomain: string;
  rootNamespace: string;
  furtherNames: readonly string[];
  clock?: () => number;
}

/** Answers certificate requests: the identity is the caller's, the request gives nothing but its key. */
export class CertificateService {
  constructor(readonly options: CertificateServiceOptions) {}

  async create(request: IstioCertificateRequest, call: Call): Promise<IstioCertificateResponse> {
    const { issuer, metrics, rootNamespace, furtherNames } = this.options;
    metrics.requests.inc();
    try {
      const caller = this.#authenticate(call);
      const publicKey = parseCsr(request.csr ?? '');
      const asked = listOf(call.metadata.get(serverNamesHeader));
      const serverNames = grantedServerNames(asked, caller.identity, { rootNamespace, furtherNames });
      const ttlMs = (request.validityDuration ?? 0) * 1000;
      if (ttlMs > issuer.rules.maxMs)
        throw problemError(
          'invalid-value',
          `a lifetime of ${ttlMs / 1000} s is longer than the ${issuer.rules.maxMs / 1000} s that are granted`,
        );
      caller.spend(spkiHash(publicKey));
      const certChain = await issuer.issue({ ...caller, caller: caller.name, publicKey, serverNames, ttlMs });
      metrics.issued.inc({ event: caller.event });
      return { certChain };
    } catch (error) {
      metrics.refused.inc({ reason: error instanceof ProblemError ? error.code : 'internal' });
      throw error;
    }
  }

  #authenticate(call: Call): Caller {
    const peer = peerOf(call);
    // A certificate that ended while its connection lived on is as good as none; a token may stand beside it.
    if (peer !== undefined && !this.#expired(peer)) return this.#byCertificate(peer);
    const [authorization, ...more] = call.metadata.get('authorization').map(String);
    if (authorization === undefined)
      throw problemError(
        'unauthenticated',
        peer === undefined
          ? 'neither a certificate nor a join token was shown'
          : 'the certificate has expired and no join token was shown',
      );
    const [scheme, token, ...rest] = authorization.split(' ');
    if (more.length > 0 || rest.length > 0 || scheme?.toLowerCase() !== 'bearer' || token === undefined)
      throw problemError('unauthenticated', 'the authorization is not one "Bearer <join token>"');
    return this.#byToken(token);
  }

  #expired(peer: PeerIdentity): boolean {
    return validityOf(new X509Certificate(peer.certificate)).notAfter <= (this.options.clock ?? Date.now)();
  }

  #byCertificate(peer: PeerIdentity): Caller {
    const [id, ...more] = peer.spiffeIds;
    const identity = id === undefined || more.length > 0 ? undefined : parseSpiffeId(id);
    if (identity?.trustDomain !== this.options.trustDomain)
      throw problemError('unauthenticated', `the certificate bears no identity of ${this.options.trustDomain}`);
    const { serialNumber } = new X509Certificate(peer.certificate);
    return { identity, name: `certificate:${serialNumber.toLowerCase()}`, spend: () => undefined, event: 'renewed' };
  }

  #byToken(token: string): Caller {
    const { tokens, trustDomain } = this.options;
    const { id, namespace, serviceAccount } = tokens.find(token);
    const spend = (spki: string): void => {
      tokens.spend(id, spki);
    };
    return { identity: { trustDomain, namespace, serviceAccount }, name: `token:${id}`, spend, event: 'issued' };
  }
}

function listOf(values: (string | Buffer)[]): string[] {
  return values
    .flatMap((value) => String(value).split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
