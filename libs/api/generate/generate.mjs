// Makes everything under libs/api/gen from protos/ and Envoy's API files: TypeScript codecs, the descriptor image that
// JSON is read by, and the index that names what the rest of the project imports.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const out = join(root, 'libs/api/gen');
const staging = join(root, 'libs/api/.staging');
const deps = join(root, 'node_modules/@grpc/grpc-js-xds/deps');

const protoOnly = {
  recursive: true,
  filter: (path) => !/\.[^/]+$/.test(path.split('/').pop()) || path.endsWith('.proto'),
};

rmSync(staging, { recursive: true, force: true });
rmSync(out, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });
mkdirSync(out, { recursive: true });
for (const dir of ['envoy-api', 'xds', 'googleapis']) cpSync(join(deps, dir), staging, protoOnly);
cpSync(join(root, 'protos'), staging, protoOnly);
mkdirSync(join(staging, 'validate'), { recursive: true });
cpSync(join(here, 'validate.proto'), join(staging, 'validate/validate.proto'));

const protosUnder = (dir) =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.proto'))
    .map((entry) => relative(dir, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
const entries = [
  ...protosUnder(join(root, 'protos')),
  ...readFileSync(join(here, 'envoy-entries.txt'), 'utf8').split('\n').filter(Boolean),
  'google/rpc/status.proto',
];
const paths = entries.flatMap((entry) => ['--path', join(staging, entry)]);
const buf = (...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules/@bufbuild/buf/bin/buf'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });

writeFileSync(
  join(staging, 'buf.gen.yaml'),
  JSON.stringify({
    version: 'v2',
    plugins: [
      {
        local: ['node', join(root, 'node_modules/ts-proto/protoc-gen-ts_proto')],
        out,
        strategy: 'all',
        opt: [
          'oneof=unions-value',
          'useOptionals=all',
          'outputJsonMethods=false',
          'outputPartialMethods=false',
          'outputServices=none',
          'outputClientImpl=false',
          'exportCommonSymbols=false',
          'esModuleInterop=true',
          'useDate=false',
          'unrecognizedEnum=false',
          'removeEnumPrefix=false',
          'outputIndex=false',
        ],
      },
    ],
  }),
);
buf('build', staging, '-o', join(out, 'image.binpb'), '--as-file-descriptor-set', '--exclude-source-info', ...paths);
buf('generate', staging, '--template', join(staging, 'buf.gen.yaml'), '--include-imports', ...paths);
rmSync(staging, { recursive: true, force: true });
