import type { StringMap } from '@keelson/core/attributes';
import type { Metadata } from './facts';

/** A token that Envoy verified, as Mixer's vocabulary tells of it. */
export interface Claims {
  /** `<issuer>/<subject>`. */
  readonly principal: string | undefined;
  /** The first, if the token has several. */
  readonly audience: string | undefined;
  readonly presenter: string | undefined;
  /** The claims that are texts. */
  readonly texts: StringMap;
  /** All claims, as JSON. */
  readonly raw: string;
}

const filter = 'envoy.filters.http.jwt_authn';

/** The claims of the token by which a request was let in; undefined where there is none. */
export function claimsOf(metadata: Metadata): Claims | undefined {
  const payload = Object.values(metadata[filter] ?? {}).find(isToken);
  if (payload === undefined) return undefined;
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(payload)) if (typeof value === 'string') texts.set(name, value);
  const issuer = texts.get('iss');
  const subject = texts.get('sub');
  const audience: unknown = Array.isArray(payload['aud']) ? payload['aud'][0] : payload['aud'];
  return {
    principal: issuer === undefined || subject === undefined ? undefined : `${issuer}/${subject}`,
    audience: typeof audience === 'string' ? audience : undefined,
    presenter: texts.get('azp'),
    texts,
    raw: JSON.stringify(payload),
  };
}

function isToken(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && ('iss' in value || 'sub' in value);
}
