// Compiles one project's TypeScript into dist/, file by file, with imports of @keelson/* made relative.
import { transformFile } from '@swc/core';
import { mkdirSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const project = process.argv[2];
const target = join(root, 'dist', project);
const swcrc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
const { paths } = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')).compilerOptions;

const wildcards = Object.entries(paths).filter(([alias]) => alias.endsWith('/*'));

function resolveAlias(name) {
  if (paths[name]) return paths[name][0].replace(/\.ts$/, '.js');
  for (const [alias, [to]] of wildcards)
    if (name.startsWith(alias.slice(0, -1))) return `${to.slice(0, -1)}${name.slice(alias.length - 1)}.js`;
  throw new Error(`${name} is not among the paths of tsconfig.base.json`);
}

const files = readdirSync(join(root, project), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .filter((file) => !/\.spec\.ts$|\/(node_modules|testing|testdata|bench|generate)\/|\.golden\.json$|\.md$|project\.json$/.test(relative(root, file)));

rmSync(target, { recursive: true, force: true });
for (const file of files) {
  const to = join(root, 'dist', relative(root, file));
  mkdirSync(dirname(to), { recursive: true });
  if (!file.endsWith('.ts')) {
    copyFileSync(file, to);
    continue;
  }
  const { code, map } = await transformFile(file, {
    ...swcrc,
    swcrc: false,
    filename: file,
    sourceFileName: relative(dirname(to), file),
  });
  const output = to.replace(/\.ts$/, '.js');
  const linked = code.replace(/require\("(@keelson\/[^"]+)"\)/g, (_, name) => {
    const path = relative(dirname(output), join(root, 'dist', resolveAlias(name)));
    return `require("${path.startsWith('.') ? path : `./${path}`}")`;
  });
  writeFileSync(output, `${linked}\n//# sourceMappingURL=${basename(output)}.map\n`);
  if (map) writeFileSync(`${output}.map`, map);
}
