// Lets Node load the clone's TypeScript as it is (`node --require ./bench/typescript.cjs file.ts`): it is compiled on the way
// as the build compiles it, with imports of @keelson/* led to their sources.
const Module = require('node:module');
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const root = resolve(__dirname, '..');
const swcrc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
const { paths } = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')).compilerOptions;

Module._extensions['.ts'] = (module, filename) => {
  const options = { ...swcrc, swcrc: false, filename, sourceMaps: false };
  module._compile(transformSync(readFileSync(filename, 'utf8'), options).code, filename);
};

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) =>
  resolveFilename(request.startsWith('@keelson/') ? sourceOf(request) : request, ...rest);

function sourceOf(name) {
  if (paths[name]) return join(root, paths[name][0]);
  for (const [alias, [to]] of Object.entries(paths))
    if (alias.endsWith('/*') && name.startsWith(alias.slice(0, -1)))
      return join(root, `${to.slice(0, -1)}${name.slice(alias.length - 1)}`);
  throw new Error(`${name} is not among the paths of tsconfig.base.json`);
}
