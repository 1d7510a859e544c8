import { credentials, experimental, ServerCredentials, type ChannelCredentials } from '@grpc/grpc-js';
import { checkServerIdentity, type SecureContextOptions } from 'node:tls';
import { type ClientCertificate } from './http-server';
import { subjectAltNames } from './peer';
import { type TlsIdentity, type TlsMaterial } from './tls-identity';

/** Server credentials that follow an identity: grpc-js gives each update to the listening server as its new TLS context. */
class FollowingServerCredentials extends ServerCredentials {
  readonly stop: () => void;

  constructor(identity: TlsIdentity, clientCert: ClientCertificate) {
    super(
      { requestCert: clientCert !== 'none', rejectUnauthorized: clientCert === 'require', handshakeTimeout: 10_000 },
      contextOf(identity.current()),
    );
    this.stop = identity.onChange((material) => {
      this.updateSecureContextOptions(contextOf(material));
    });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ key, chain, roots }: TlsMaterial): SecureContextOptions {
  return { key, cert: chain, ca: roots };
}

/** Credentials of a gRPC server; new connections get the renewed certificate. The identity must be ready. */
export function serverCredentials(
  identity: TlsIdentity | undefined,
  clientCert: ClientCertificate,
): { credentials: ServerCredentials; stop: () => void } {
  if (identity === undefined) return { credentials: ServerCredentials.createInsecure(), stop: () => undefined };
  const following = new FollowingServerCredentials(identity, clientCert);
  return { credentials: following, stop: following.stop };
}

/**
 * Credentials of a gRPC channel: the identity is shown to the server, and each new connection uses the newest one. The
 * server must have the name that was dialled, or, where that is told, the SPIFFE id.
 */
export function channelCredentials(
  identity: TlsIdentity | undefined,
  options: { serverId?: string } = {},
): ChannelCredentials {
  if (identity === undefined) return credentials.createInsecure();
  const { serverId } = options;
  const provider = new IdentityProvider(identity);
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (host, certificate) => {
      if (serverId === undefined) return checkServerIdentity(host, certificate);
      const names = subjectAltNames(certificate.subjectaltname ?? '');
      return names.some(([type, value]) => type === 'URI' && value === serverId)
        ? undefined
        : new Error(`the server is not ${serverId}`);
    },
  });
}

class IdentityProvider implements experimental.CertificateProvider {
  readonly #ending = new Map<unknown, () => void>();

  constructor(readonly identity: TlsIdentity) {}

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#follow(listener, ({ roots }) => {
      listener({ caCertificate: Buffer.from(roots) });
    });
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#follow(listener, ({ key, chain }) => {
      listener({ certificate: Buffer.from(chain), privateKey: Buffer.from(key) });
    });
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#leave(listener);
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#leave(listener);
  }

  #follow(listener: unknown, tell: (material: TlsMaterial) => void): void {
    this.#ending.set(listener, this.identity.onChange(tell));
    // A listener that joins late hears of the certificate that is there; one that joins early waits for the first.
    void this.identity.ready().then(() => {
      if (this.#ending.has(listener)) tell(this.identity.current());
    });
  }

  #leave(listener: unknown): void {
    this.#ending.get(listener)?.();
    this.#ending.delete(listener);
  }
}
