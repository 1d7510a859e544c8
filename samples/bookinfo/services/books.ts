/** What the details service answers. */
export interface Details {
  id: number;
  title: string;
  author: string;
  year: number;
  pages: number;
  publisher: string;
  language: string;
}

/** What the ratings service answers: stars by reviewer. */
export interface Ratings {
  id: number;
  ratings: Record<string, number>;
}

/** What the reviews service answers. Stars are there from version 2 on. */
export interface Reviews {
  id: number;
  version: string;
  reviews: { reviewer: string; text: string; stars?: number }[];
  starColor?: string;
  ratingsError?: string;
}

/** The number in `/<name>/<number>`. */
export function idOf(name: string, path: string): number | undefined {
  const [, first, id, ...rest] = path.split('/');
  return first === name && rest.length === 0 && id !== undefined && /^\d{1,9}$/.test(id) ? Number(id) : undefined;
}
