import { problemError } from '@keelson/core/problems';

/** A workload's identity: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
export interface SpiffeId {
  trustDomain: string;
  namespace: string;
  serviceAccount: string;
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The id as it stands in certificates. */
export function formatSpiffeId({ trustDomain, namespace, serviceAccount }: SpiffeId): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Reads an id in the form that this mesh gives out; undefined for any other text. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  const match = /^spiffe:\/\/([^/]{1,255})\/ns\/([^/]{1,63})\/sa\/([^/]{1,253})$/.exec(text);
  if (match === null) return undefined;
  const [, trustDomain = '', namespace = '', serviceAccount = ''] = match;
  const id = { trustDomain, namespace, serviceAccount };
  return problemWith(id) === undefined ? id : undefined;
}

/** Refuses an id whose parts are not names; for ids that users put together. */
export function checkSpiffeId(id: SpiffeId): SpiffeId {
  const wrong = problemWith(id);
  if (wrong !== undefined) throw problemError('invalid-value', wrong.message, { field: wrong.field });
  return id;
}

function problemWith(id: SpiffeId): { field: string; message: string } | undefined {
  if (!isTrustDomain(id.trustDomain))
    return { field: 'trustDomain', message: `${JSON.stringify(id.trustDomain)} is not a trust domain` };
  if (!label.test(id.namespace))
    return { field: 'namespace', message: `${JSON.stringify(id.namespace)} is not the name of a namespace` };
  if (id.serviceAccount.length > 253 || !id.serviceAccount.split('.').every((part) => label.test(part)))
    return {
      field: 'serviceAccount',
      message: `${JSON.stringify(id.serviceAccount)} is not the name of a service account`,
    };
  return undefined;
}

/** Whether a text can be a trust domain: a name of lower-case letters, digits, dots, dashes and underscores. */
export function isTrustDomain(text: string): boolean {
  return text.length <= 255 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(text);
}
