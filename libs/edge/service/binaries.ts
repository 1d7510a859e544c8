import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cloneRoot } from './clone-root';

/** The path of a program that runs beside Keelson: by environment variable, on PATH, or in the clone's cache. */
export function findBinary(
  name: 'envoy' | 'nats-server' | 'prometheus',
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const variable = `${name.replace('-', '_').toUpperCase()}_BIN`;
  const told = env[variable];
  if (told !== undefined && told !== '') {
    if (!executable(told)) throw new Error(`${variable}: ${told} is not a program that can be run`);
    return told;
  }
  const root = cloneRoot();
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  if (root !== undefined) folders.push(join(root, '.cache', 'bin'));
  const found = folders.map((folder) => join(folder, name)).find(executable);
  if (found === undefined)
    throw new Error(
      `${name} was found neither by ${variable}, nor on PATH${root === undefined ? '' : `, nor in ${join(root, '.cache', 'bin')}`}`,
    );
  return found;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
