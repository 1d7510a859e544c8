import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the clone that this code runs in (its package.json is named keelson), or undefined when installed. */
export function cloneRoot(from: string = __dirname): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      try {
        const content = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown };
        if (content.name === 'keelson') return folder;
      } catch {
        // A package.json that cannot be read is not ours.
      }
    }
    if (dirname(folder) === folder) return undefined;
  }
}
