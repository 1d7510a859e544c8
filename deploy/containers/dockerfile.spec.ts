import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { settingsOf } from '../testing/component-settings';
import { copiesOf, inherited, last, stagesOf } from '../testing/dockerfile';
import { containerOf, root, workloads } from '../testing/manifests';

const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const stages = stagesOf(text('deploy/containers/Dockerfile'));
const components = ['galley', 'pilot', 'citadel', 'mixer', 'agent'];
const manifest = JSON.parse(text('package.json')) as {
  version: string;
  engines: { node: string };
  dependencies: Record<string, string>;
};
const onlyTested = /\.spec\.ts$|\/(testing|testdata|bench)\/|\.golden\.json$/;
const own = (name: string): boolean => stages.some((stage) => stage.name === name);
const instructionsOf = (stage: string): ReturnType<typeof inherited> => inherited(stages, stage);

describe('the container file', () => {
  it('has a target for each component, which the manifests use', () => {
    expect(stages.slice(-components.length).map(({ name }) => name)).toEqual(components);
    const used = workloads.map((workload) => /^keelson\/([a-z]+):/.exec(containerOf(workload).image)?.[1]);
    expect(new Set(used.filter((name) => name !== undefined))).toEqual(new Set(components));
  });

  it("starts from images with a whole version, none of a registry of somebody's own", () => {
    const foreign = [...new Set(stages.map(({ from }) => from).filter((from) => !own(from)))];
    for (const image of foreign) expect(image).toMatch(/^[a-z]+(\/[a-z]+)?:[a-z]*-?v?\d+\.\d+\.\d+(-[a-z]+)*$/);
    expect(foreign.filter((image) => image.startsWith('node:'))).toHaveLength(1);
    expect(text('.npmrc')).not.toMatch(/registry\s*=|_auth/);
  });

  it('runs on a slim Node 20 that is new enough', () => {
    const [, wantedMinor] = /^>=20\.(\d+)$/.exec(manifest.engines.node) ?? [];
    const [, minor] =
      /^node:20\.(\d+)\.\d+-bookworm-slim$/.exec(stages.find(({ name }) => name === 'base')?.from ?? '') ?? [];
    expect(Number(minor)).toBeGreaterThanOrEqual(Number(wantedMinor));
  });

  it('brings the Envoy that the tests run with', () => {
    const { envoy } = JSON.parse(text('.ci/binaries.json')) as { envoy: { version: string } };
    expect(stages.find(({ name }) => name === 'envoy')?.from).toBe(`envoyproxy/envoy:distroless-v${envoy.version}`);
  });

  it('copies from the context what is there, and the context is exactly that', () => {
    const copied = stages.flatMap(({ instructions }) =>
      copiesOf(instructions).flatMap(({ from, sources }) => (from === undefined ? sources : [])),
    );
    for (const source of copied) expect(existsSync(join(root, source))).toBe(true);
    const sent = text('deploy/containers/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(sent.sort()).toEqual([...new Set(copied)].sort());
  });

  it('is sent nothing that is only tested', () => {
    const patterns = text('deploy/containers/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => /^[^#!*]|^\*\*/.test(line))
      .map((line) => globOf(line));
    const sent = ['apps', 'libs']
      .flatMap(filesOf)
      .filter((file) => !patterns.some((pattern) => pattern.test(`${file}/`)));
    expect(sent).toContain('apps/agent/main.ts');
    expect(sent).toContain('libs/api/generate/generate.mjs');
    expect(sent.filter((file) => onlyTested.test(file))).toEqual([]);
  });

  it('copies between stages only what the earlier one makes', () => {
    const made = (stage: string, path: string): boolean => {
      const [, app] = /^\/src\/dist\/apps\/([a-z]+)$/.exec(path) ?? [];
      if (stage === 'envoy') return path === '/usr/local/bin/envoy';
      if (stage === 'dependencies') return path === '/src/node_modules';
      if (stage !== 'build') return false;
      return path === '/src/dist/libs' || (app !== undefined && isBuilt(`apps/${app}`));
    };
    for (const [at, stage] of stages.entries())
      for (const { from, sources } of copiesOf(stage.instructions)) {
        if (from === undefined) continue;
        expect(stages.slice(0, at).map(({ name }) => name)).toContain(from);
        for (const source of sources) expect([from, source, made(from, source)]).toEqual([from, source, true]);
      }
  });

  it('installs what package.json names as dependencies, which is all that the shipped code imports', () => {
    expect(last(instructionsOf('dependencies'), 'RUN')).toBe('npm ci --omit=dev');
    const imported = [...new Set(packagesOf(['apps', 'libs']))];
    expect(imported).toEqual(expect.arrayContaining(['@grpc/grpc-js', '@nestjs/core', 'nats', 'reflect-metadata']));
    expect(Object.keys(manifest.dependencies)).toEqual(expect.arrayContaining(imported));
  });
});

describe.each(components)('the image of %s', (component) => {
  const instructions = instructionsOf(component);

  it('runs as a user by number, who is not root', () => {
    const user = last(instructions, 'USER');
    expect(user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
    const [workload] = workloads.filter((candidate) =>
      containerOf(candidate).image.startsWith(`keelson/${component}:`),
    );
    const { runAsUser, runAsGroup } = workload?.spec.template.spec.securityContext ?? {};
    expect(user).toBe(`${String(runAsUser)}:${String(runAsGroup)}`);
  });

  it('starts the file that the build makes, from where it was copied to', () => {
    const entry = JSON.parse(last(instructions, 'ENTRYPOINT') ?? '') as string[];
    expect(entry).toEqual(['node', `${last(instructions, 'WORKDIR') ?? ''}/dist/apps/${component}/main.js`]);
    const { sources, target } = copiesOf(instructions).find((copy) => copy.target === `dist/apps/${component}`) ?? {};
    expect([sources, target]).toEqual([[`/src/dist/apps/${component}`], `dist/apps/${component}`]);
    expect(isBuilt(`apps/${component}`)).toBe(true);
  });

  it("writes to one place only, which is its user's alone", () => {
    expect(last(instructions, 'VOLUME')).toBe('/var/lib/keelson');
    expect(instructions.filter(({ name }) => name === 'RUN').map((run) => run.text)).toEqual([
      'install -d -m 0700 -o 10001 -g 10001 /var/lib/keelson',
    ]);
  });

  it('says what it is', () => {
    const labels = instructions
      .filter(({ name }) => name === 'LABEL')
      .map((label) => label.text)
      .join(' ');
    for (const key of ['title', 'description', 'version', 'licenses'])
      expect(labels).toContain(`org.opencontainers.image.${key}=`);
    expect(labels).toContain(`title="keelson-${component}"`);
    expect(last(instructions, 'ARG')).toBe(`VERSION=${manifest.version}`);
  });

  it('exposes ports that it opens unless told otherwise', async () => {
    const { values } = (await settingsOf(component)).read([], {});
    const opened = Object.entries(values).flatMap(([key, port]) => (/Port$/.test(key) ? [Number(port)] : []));
    for (const port of last(instructions, 'EXPOSE')?.split(' ') ?? []) expect(opened).toContain(Number(port));
  });
});

/** Whether a project's build makes its main.js. */
function isBuilt(project: string): boolean {
  return ['project.json', 'main.ts'].every((file) => existsSync(join(root, project, file)));
}

/** The packages that the code which is shipped imports. */
function packagesOf(folders: readonly string[]): string[] {
  return folders
    .flatMap(filesOf)
    .filter((file) => /\.ts$/.test(file) && !onlyTested.test(file) && !/\/(node_modules|generate)\//.test(file))
    .flatMap((file) => [
      ...text(file).matchAll(
        /^(?:import|export)\b[^;'=()]* from '([^']+)';$|^import '([^']+)';$|\bimport\('([^']+)'\)/gm,
      ),
    ])
    .flatMap(([, ...names]) => names.filter(Boolean))
    .filter((name) => !name.startsWith('.'))
    .map((name) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(name)?.[0] ?? name)
    .filter((name) => !name.startsWith('node:') && !name.startsWith('@keelson') && !builtinModules.includes(name));
}

/** Files and folders below a folder of the clone, by their paths in it. */
function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
}

/** What a line of a .dockerignore leaves out: what is named so, and all below it. */
function globOf(line: string): RegExp {
  const parts = line
    .split('/')
    .map((part) => (part === '**' ? '(?:.+/)?' : `${part.replace(/\./g, '\\.').replace(/\*/g, '[^/]*')}/`));
  return new RegExp(`^${parts.join('')}`);
}
