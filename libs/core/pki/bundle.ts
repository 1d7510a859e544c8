import { problemError } from '@keelson/core/problems';
import { X509Certificate } from 'node:crypto';
import { derOfPem } from './pem';

const limits = { chars: 256 * 1024, blocks: 64 };

/** The certificates of a PEM text in their order; refuses a text without any. */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = derOfPem(pem, ['CERTIFICATE'], limits);
  if (blocks.length === 0) throw problemError('malformed', 'there is no CERTIFICATE in the PEM text');
  return blocks.map((der) => {
    try {
      return new X509Certificate(der);
    } catch {
      throw problemError('malformed', 'a certificate cannot be read');
    }
  });
}

/** When a certificate is good, in ms. */
export function validityOf(certificate: X509Certificate): { notBefore: number; notAfter: number } {
  return { notBefore: Date.parse(certificate.validFrom), notAfter: Date.parse(certificate.validTo) };
}

/** Whether a certificate was signed by one of the roots. */
export function signedByOneOf(certificate: X509Certificate, roots: readonly X509Certificate[]): boolean {
  return roots.some((root) => root.ca && certificate.checkIssued(root) && certificate.verify(root.publicKey));
}
