/* eslint-disable no-restricted-imports -- tests start an Envoy with this; it is no part of what core computes */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Envoy is: as told, on the path, or fetched by the project. */
export function envoyBinary(): string {
  const told = process.env['ENVOY_BIN'];
  if (told !== undefined && told !== '') return told;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(__dirname, '../../../../.cache/bin')];
  const found = folders.map((folder) => join(folder, 'envoy')).find((path) => existsSync(path));
  if (found === undefined) throw new Error('no envoy: set ENVOY_BIN');
  return found;
}
