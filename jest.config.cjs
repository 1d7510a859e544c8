// Four levels: unit (*.spec.ts, milliseconds), property (*.property.spec.ts: properties over thousands of random inputs),
// int (*.int.spec.ts, a real NATS server or sockets), e2e (real Envoys).
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const paths = require('./tsconfig.base.json').compilerOptions.paths;

// As it is built, but a package is loaded where it is first used: each file of tests loads all that it imports anew.
const { $schema: _, ...swc } = JSON.parse(readFileSync(join(__dirname, '.swcrc'), 'utf8'));
const compiler = { ...swc, swcrc: false, module: { ...swc.module, lazy: true } };

const moduleNameMapper = {
  '^fast-check$': '<rootDir>/.ci/seeded-fast-check.cjs',
  // What generated code takes of it, without the descriptors of protobuf's own types that the package loads beside.
  '^@bufbuild/protobuf/wire$': '<rootDir>/node_modules/@bufbuild/protobuf/dist/cjs/wire/binary-encoding.js',
  ...Object.fromEntries(
    Object.entries(paths).map(([alias, [to]]) => [`^${alias.replace('*', '(.*)')}$`, `<rootDir>/${to.slice(2).replace('*', '$1')}`]),
  ),
};
const base = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', compiler] },
  moduleNameMapper,
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cache', '<rootDir>/.nx', '<rootDir>/.keelson'],
};
const code = '<rootDir>/{apps,libs,samples,deploy,bench}/**';

module.exports = {
  testTimeout: 30_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: [`${code}/*.spec.ts`],
      testPathIgnorePatterns: ['\\.(int|property)\\.spec\\.ts$'],
    },
    { ...base, displayName: 'property', testMatch: [`${code}/*.property.spec.ts`] },
    { ...base, displayName: 'int', testMatch: [`${code}/*.int.spec.ts`] },
    { ...base, displayName: 'e2e', testEnvironment: '<rootDir>/e2e/harness/environment.cjs', testMatch: ['<rootDir>/e2e/**/*.spec.ts'] },
  ],
};
