import { idOf, type Ratings, type Reviews } from './books';
import { fetchJson, forwardedHeaders, type Outcome } from './client';
import { serve } from './server';

const version = process.env.VERSION ?? 'v1';
const ratingsUrl = process.env.RATINGS_URL ?? 'http://127.0.0.1:9083';
/** Version 1 shows no stars, version 2 black ones, version 3 red ones. */
const starColor = { v2: 'black', v3: 'red' }[version];

serve(`reviews-${version}`, 9081, async (path, request) => {
  const id = idOf('reviews', path);
  if (id === undefined) return undefined;
  const answer: Reviews = {
    id,
    version,
    reviews: [
      {
        reviewer: 'Reviewer1',
        text: 'An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!',
      },
      {
        reviewer: 'Reviewer2',
        text: 'Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare.',
      },
    ],
  };
  if (starColor === undefined) return { body: answer };
  answer.starColor = starColor;
  const { value, error } = (await fetchJson(
    `${ratingsUrl}/ratings/${id}`,
    forwardedHeaders(request),
  )) as Outcome<Ratings>;
  if (error !== undefined) answer.ratingsError = error;
  else for (const review of answer.reviews) review.stars = value.ratings[review.reviewer];
  return { body: answer };
});
