import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ProblemError } from '@keelson/core/problems';
import { parseCsr } from '../csr';

/** A private key of each kind that is taken. */
export const keys: Readonly<Record<string, KeyObject>> = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'RSA 2048': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  Ed25519: generateKeyPairSync('ed25519').privateKey,
};

export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64');
}

/** Why a request is refused. */
export function refusal(pem: string): ProblemError {
  try {
    parseCsr(pem);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
