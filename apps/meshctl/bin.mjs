#!/usr/bin/env node
// `npx meshctl` in a clone: runs what the build made, or says how to make it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const main = join(root, 'dist', 'apps', 'meshctl', 'main.js');
if (!existsSync(main)) {
  console.error('meshctl is not built yet: run `npm start`, or `npx nx run-many -t build`, in the clone first');
  process.exit(1);
}
await import(main);
