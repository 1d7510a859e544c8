import { type Authority, type AuthorityOptions } from './authority';
import { openSelfSigned } from './self-signed/self-signed';

export type { Authority, AuthorityOptions } from './authority';

/** The kinds of authority, by the name that settings use. */
export const authorities: Readonly<Record<'self-signed', (options: AuthorityOptions) => Authority>> = {
  'self-signed': openSelfSigned,
};
