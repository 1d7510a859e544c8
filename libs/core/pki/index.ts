export { checkSpiffeId, formatSpiffeId, isTrustDomain, parseSpiffeId, type SpiffeId } from './spiffe-id';
export { makeCsr, parseCsr } from './csr';
export { issuerOf, makeRoot, randomSerial, signLeaf, type Issuer, type Validity } from './certificate';
export { namesOf, type Names } from './subject-alt-name';
export { parseCertificates, signedByOneOf, validityOf } from './bundle';
export { spkiHash } from './public-key';
export { formatJoinToken, newJoinToken, parseJoinToken, secretHash, type JoinToken } from './join-token';
export { secretFits, spendToken, tokenIsUsable, type TokenRecord } from './token-record';
export { clockSkewMs, grantedValidity, renewalTime } from './lifetime';
