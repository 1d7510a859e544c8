import type { Details, Reviews } from './books';
import type { Outcome } from './client';

function escape(text: string | number): string {
  return String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function detailsSection({ value, error }: Outcome<Details>): string {
  if (error !== undefined) return `<p class="error">Product details are currently unavailable: ${escape(error)}</p>`;
  const rows = Object.entries(value).filter(([name]) => name !== 'id' && name !== 'title');
  return `<table>${rows.map(([name, text]) => `<tr><th>${name}</th><td>${escape(text as string)}</td></tr>`).join('')}</table>`;
}

function stars(count: number, color: string): string {
  return `<p class="stars" style="color:${escape(color)}" title="${count} of 5">${'★'.repeat(count)}${'☆'.repeat(5 - count)}</p>`;
}

function reviewsSection({ value, error }: Outcome<Reviews>): string {
  if (error !== undefined) return `<p class="error">Product reviews are currently unavailable: ${escape(error)}</p>`;
  const items = value.reviews.map(
    ({ reviewer, text, stars: count }) =>
      `<blockquote><p>${escape(text)}</p><footer>${escape(reviewer)}</footer>${
        count === undefined ? '' : stars(count, value.starColor ?? 'black')
      }</blockquote>`,
  );
  const ratings =
    value.ratingsError === undefined
      ? ''
      : `<p class="error">Ratings are currently unavailable: ${escape(value.ratingsError)}</p>`;
  return `${items.join('')}${ratings}<p class="by">Reviews served by: <b>reviews-${escape(value.version)}</b></p>`;
}

/** The product page as HTML. */
export function productPage(user: string | undefined, details: Outcome<Details>, reviews: Outcome<Reviews>): string {
  const title = escape(details.value?.title ?? 'A book');
  const session = user
    ? `Signed in as <b>${escape(user)}</b> · <a href="/productpage?u=">sign out</a>`
    : 'Not signed in · <a href="/productpage?u=jason">sign in as jason</a>';
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
header { display: flex; justify-content: space-between; border-bottom: 1px solid #ddd }
main { display: grid; grid-template-columns: 1fr 2fr; gap: 2rem }
th { text-align: left; padding-right: 1rem; font-weight: 600; text-transform: capitalize }
blockquote { margin: 0 0 1rem; padding-left: 1rem; border-left: 3px solid #ccc }
footer, .by { color: #666 } .stars { font-size: 1.5rem; margin: 0 } .error { color: #a00 }
</style></head>
<body>
<header><h1>${title}</h1><p>${session}</p></header>
<main><section><h2>Details</h2>${detailsSection(details)}</section>
<section><h2>Reviews</h2>${reviewsSection(reviews)}</section></main>
</body>
</html>
`;
}
