import type { References } from '../references';
import { vocabulary } from './samples';

/** What was recorded, in order: `name`, `!name`, `name[key]`, `!name[key]`. */
export function told(references: References): string[] {
  return references.list().map(({ slot, key, condition }) => {
    const name = vocabulary.names[slot] ?? '';
    return `${condition === 'ABSENCE' ? '!' : ''}${name}${key === undefined ? '' : `[${key}]`}`;
  });
}
