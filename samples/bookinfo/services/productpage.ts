import type { IncomingMessage } from 'node:http';
import type { Details, Reviews } from './books';
import { fetchJson, forwardedHeaders, type Outcome } from './client';
import { productPage } from './page';
import { serve, type Answer } from './server';

const detailsUrl = process.env.DETAILS_URL ?? 'http://127.0.0.1:9082';
const reviewsUrl = process.env.REVIEWS_URL ?? 'http://127.0.0.1:9081';

/** Who asks: `?u=` signs in (or out, when empty), then the cookie says it; a caller may send `end-user` itself. */
function userOf(request: IncomingMessage): { user: string | undefined; cookie?: string } {
  const asked = new URL(request.url ?? '/', 'http://service').searchParams.get('u');
  if (asked !== null)
    return { user: asked || undefined, cookie: `user=${encodeURIComponent(asked)}; Path=/; HttpOnly; SameSite=Lax` };
  const header = request.headers['end-user'];
  const cookie = /(?:^|; *)user=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  return { user: typeof header === 'string' ? header : cookie && decodeURIComponent(cookie) };
}

async function page(request: IncomingMessage): Promise<Answer> {
  const { user, cookie } = userOf(request);
  const headers = forwardedHeaders(request);
  delete headers['end-user'];
  if (user) headers['end-user'] = encodeURIComponent(user);
  const [details, reviews] = await Promise.all([
    fetchJson(`${detailsUrl}/details/0`, headers) as Promise<Outcome<Details>>,
    fetchJson(`${reviewsUrl}/reviews/0`, headers) as Promise<Outcome<Reviews>>,
  ]);
  return { headers: cookie === undefined ? {} : { 'set-cookie': cookie }, body: productPage(user, details, reviews) };
}

serve('productpage', 9080, (path, request) => {
  if (path === '/productpage') return page(request);
  return path === '/' ? { status: 302, headers: { location: '/productpage' }, body: '' } : undefined;
});
