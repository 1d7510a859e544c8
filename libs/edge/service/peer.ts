import { X509Certificate } from 'node:crypto';
import { type Http2Session } from 'node:http2';
import { TLSSocket, type PeerCertificate } from 'node:tls';

/** Who is at the other end of a TLS connection, by a certificate that was verified against our roots. */
export interface PeerIdentity {
  spiffeIds: string[];
  dnsNames: string[];
  /** SHA-256 of the certificate, hex in capitals with colons. */
  fingerprint: string;
  /** The certificate itself, DER. */
  certificate: Buffer;
}

/** What is known of the other end of a connection; empty where it showed no certificate that was verified. */
export interface AuthContext {
  transportSecurityType?: string;
  sslPeerCertificate?: PeerCertificate;
}

/** What peerOf needs of a gRPC call. */
export interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: { raw: Buffer } };
}

const contexts = new WeakMap<Http2Session, AuthContext>();
const nobody: AuthContext = {};

/** Who is at the other end of an HTTP/2 connection. It is read once: a connection keeps the certificate that it began with. */
export function authContextOf(session: Http2Session | undefined): AuthContext {
  if (session === undefined || session.destroyed) return nobody;
  let context = contexts.get(session);
  if (context === undefined) contexts.set(session, (context = readContext(session)));
  return context;
}

function readContext({ socket }: Http2Session): AuthContext {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return nobody;
  // Without a certificate Node returns an empty object.
  const certificate = socket.getPeerCertificate();
  return (certificate.raw as Buffer | undefined) === undefined
    ? { transportSecurityType: 'ssl' }
    : { transportSecurityType: 'ssl', sslPeerCertificate: certificate };
}

/** The verified caller of a gRPC method, if it showed a certificate. */
export function peerOf(call: AuthenticatedCall): PeerIdentity | undefined {
  return identityOf(call.getAuthContext().sslPeerCertificate?.raw);
}

/** The verified peer of a TLS socket, if it showed a certificate. */
export function peerOfSocket(socket: TLSSocket): PeerIdentity | undefined {
  if (!socket.authorized) return undefined;
  // Without a certificate Node returns an empty object.
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  return identityOf(certificate.raw);
}

const identities = new WeakMap<Buffer, PeerIdentity>();

/** The identity in a certificate; the same object for the same buffer. */
function identityOf(raw: Buffer | undefined): PeerIdentity | undefined {
  if (raw === undefined || raw.length === 0) return undefined;
  let identity = identities.get(raw);
  if (identity === undefined) identities.set(raw, (identity = readIdentity(raw)));
  return identity;
}

function readIdentity(raw: Buffer): PeerIdentity {
  const certificate = new X509Certificate(raw);
  const names = subjectAltNames(certificate.subjectAltName ?? '');
  return {
    spiffeIds: names
      .filter(([type, value]) => type === 'URI' && value.startsWith('spiffe://'))
      .map(([, value]) => value),
    dnsNames: names.filter(([type]) => type === 'DNS').map(([, value]) => value),
    fingerprint: certificate.fingerprint256,
    certificate: raw,
  };
}

/** Node prints names as `URI:a, DNS:b`, and as a JSON string where a value could be mistaken for the next name. */
export function subjectAltNames(text: string): [type: string, value: string][] {
  const names: [string, string][] = [];
  for (const match of text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy)) {
    const [, type = '', value = ''] = match;
    names.push([type, value.startsWith('"') ? String(JSON.parse(value)) : value]);
  }
  return names;
}
