import { signedByOneOf, spkiHash } from '@keelson/core/pki';
import { X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';

/**
 * Asks a server for its chain and returns the root in it whose key has the pin. Nothing secret is sent on this connection;
 * the caller then makes one of its own that trusts this root alone, and that one proves that the server holds its key.
 */
export async function rootByPin(address: string, pin: string, timeoutMs: number): Promise<string> {
  const certificates = await chainOf(address, timeoutMs);
  const root = certificates.find(
    (certificate) => spkiHash(certificate.publicKey) === pin && signedByOneOf(certificate, [certificate]),
  );
  if (root === undefined)
    throw new Error(
      `the server at ${address} does not show the root that the join token is pinned to; the token was not sent`,
    );
  return root.toString();
}

function chainOf(address: string, timeoutMs: number): Promise<X509Certificate[]> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    // Unverified on purpose: all that is done here is to read public certificates.
    const socket = connect({
      host,
      port: Number(address.slice(colon + 1)),
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      timeout: timeoutMs,
    });
    socket.once('secureConnect', () => {
      const found: X509Certificate[] = [];
      const seen = new Set<string>();
      // Without a certificate Node returns an empty object.
      let next: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
      while (next?.raw !== undefined && !seen.has(next.fingerprint256 ?? '') && found.length < 10) {
        seen.add(next.fingerprint256 ?? '');
        found.push(new X509Certificate(next.raw));
        next = next.issuerCertificate;
      }
      socket.destroy();
      resolve(found);
    });
    socket.once('timeout', () => {
      socket.destroy(new Error(`${address} does not answer`));
    });
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error(`${address} closed the connection`));
    });
  });
}
