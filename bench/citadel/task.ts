import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { issuerOf, makeCsr, makeRoot, parseCsr, signLeaf, type Issuer } from '@keelson/core/pki';
import { costOf, type Effort } from '../measure/cost';
import { task } from '../measure/task';

const keyKinds = ['RSA-2048', 'EC P-256'] as const;
type KeyKind = (typeof keyKinds)[number];

/** CPU milliseconds, by kind of the key. */
export interface CitadelCosts {
  readonly kind: KeyKind;
  /** Signing a certificate: issuer and workload have a key of this kind. */
  readonly sign: number;
  /** Reading a CSR, with the proof that its sender has the key, and signing a certificate for it. */
  readonly answer: number;
  /** A CSR for a key that is there. */
  readonly csr: number;
  /** Making a key, and a CSR for it. */
  readonly keyAndCsr: number;
}

/** `keys` is how many are made to tell what one costs. */
export type CitadelTask = (input: { effort: Effort; keys: number }) => CitadelCosts[];

task<CitadelTask>(({ effort, keys }, tell) =>
  keyKinds.map((kind) => {
    tell(`Citadel: ${kind}`);
    return costsOf(kind, effort, keys);
  }),
);

function costsOf(kind: KeyKind, effort: Effort, keys: number): CitadelCosts {
  const issuer = issuerWith(newKey(kind));
  const key = newKey(kind);
  const publicKey = createPublicKey(key);
  const csr = makeCsr(key);
  const ms = (run: () => unknown): number => costOf(run, effort) / 1e6;
  return {
    kind,
    sign: ms(() => certificate(issuer, publicKey)),
    answer: ms(() => certificate(issuer, parseCsr(csr))),
    csr: ms(() => makeCsr(key)),
    keyAndCsr: meanMs(keys, () => makeCsr(newKey(kind))),
  };
}

/** The mean of many: how long the search for primes takes is chance. */
function meanMs(times: number, run: () => unknown): number {
  const start = process.cpuUsage();
  for (let i = 0; i < times; i++) run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000 / times;
}

function certificate(issuer: Issuer, publicKey: KeyObject): string {
  const names = { uris: ['spiffe://cluster.local/ns/default/sa/bookinfo-ratings'] };
  const now = Date.now();
  return signLeaf(issuer, { publicKey, names, validity: { notBefore: now - 60_000, notAfter: now + 86_400_000 } });
}

function issuerWith(key: KeyObject): Issuer {
  const now = Date.now();
  const validity = { notBefore: now - 60_000, notAfter: now + 86_400_000 };
  return issuerOf(makeRoot(key, { trustDomain: 'cluster.local', commonName: 'bench', validity }), key);
}

function newKey(kind: KeyKind): KeyObject {
  return kind === 'RSA-2048'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}
