import { idOf, type Details } from './books';
import { serve } from './server';

serve('details', 9082, (path) => {
  const id = idOf('details', path);
  if (id === undefined) return undefined;
  const details: Details = {
    id,
    title: 'The Comedy of Errors',
    author: 'William Shakespeare',
    year: 1595,
    pages: 200,
    publisher: 'PublisherA',
    language: 'English',
  };
  return { body: details };
});
