import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Flags } from './flags';
import { workloads } from './workloads';

const shipped = { httpPort: 8080, httpsPort: 8443, loopback: '127.1.0', applicationPort: 9180 } as const;

/**
 * The folder of the sample's configuration: the one of the clone, or where flags move addresses a copy in the data
 * directory with the addresses changed.
 */
export function configurationFolder(root: string, dataDir: string, flags: Flags): string {
  const source = join(root, 'samples', 'bookinfo', 'config');
  const moved = (Object.keys(shipped) as (keyof typeof shipped)[]).some((key) => flags[key] !== shipped[key]);
  if (!moved) return source;
  const target = join(dataDir, 'bookinfo-config');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(source))
    writeFileSync(join(target, file), withAddresses(readFileSync(join(source, file), 'utf8'), flags));
  return target;
}

/** The text with the addresses that the flags tell. */
export function withAddresses(text: string, flags: Flags): string {
  const replacements = new Map<string, string>([
    [`number: ${shipped.httpPort},`, `number: ${flags.httpPort},`],
    [`number: ${shipped.httpsPort},`, `number: ${flags.httpsPort},`],
    ...workloads.map(({ number }): [string, string] => [
      `bind: ${shipped.loopback}.${number}\n`,
      `bind: ${flags.loopback}.${number}\n`,
    ]),
    ...workloads.flatMap(({ service }): [string, string][] =>
      service === undefined
        ? []
        : [
            [
              `127.0.0.1:${shipped.applicationPort + service.applicationOffset}\n`,
              `127.0.0.1:${flags.applicationPort + service.applicationOffset}\n`,
            ],
          ],
    ),
  ]);
  const pattern = [...replacements.keys()].map((key) => key.replaceAll('.', '\\.')).join('|');
  return text.replace(new RegExp(pattern, 'g'), (found) => replacements.get(found) ?? found);
}
