import { idOf, type Ratings } from './books';
import { serve } from './server';

serve('ratings', 9083, (path) => {
  const id = idOf('ratings', path);
  if (id === undefined) return undefined;
  const ratings: Ratings = { id, ratings: { Reviewer1: 5, Reviewer2: 4 } };
  return { body: ratings };
});
