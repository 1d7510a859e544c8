import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const layer = (name, ...may) => ({ sourceTag: `layer:${name}`, onlyDependOnLibsWithTags: may.map((other) => `layer:${other}`) });

export default tseslint.config(
  { ignores: ['dist/**', 'libs/api/gen/**', '.nx/**', '.cache/**', '.keelson/**', '**/*.cjs', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: ['^@keelson/api/.*'],
          enforceBuildableLibDependency: false,
          depConstraints: [
            layer('api', 'api'),
            layer('core', 'core', 'api'),
            layer('edge', 'edge', 'core', 'api'),
            layer('app', 'edge', 'core', 'api'),
            layer('e2e', 'edge', 'core', 'api'),
            layer('sample', 'sample'),
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
  {
    files: ['libs/core/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['fs', 'net', 'http', 'https', 'http2', 'child_process', 'nats', 'node:fs', 'node:fs/promises', 'node:net', 'node:http', 'node:https', 'node:http2', 'node:child_process'],
          patterns: ['@nestjs/*', '@grpc/*', 'rxjs*'],
        },
      ],
    },
  },
  {
    files: ['libs/edge/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@keelson/edge/*', '!@keelson/edge/service'], message: 'An edge library imports no sister but service.' }] },
      ],
    },
  },
  {
    files: ['bench/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          // What Mixer does for a call is measured in process too.
          allow: ['^@keelson/api/.*', '^../../apps/mixer/calls$'],
          enforceBuildableLibDependency: false,
          depConstraints: [layer('bench', 'app', 'edge', 'core', 'api')],
        },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', 'e2e/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
);
