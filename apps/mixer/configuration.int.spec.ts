import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { configFolder, TrialMixer, type Written } from './testing/trial-mixer';

const manifest = `
apiVersion: config.istio.io/v1alpha2
kind: attributemanifest
metadata: {name: all, namespace: istio-system}
spec:
  attributes:
    context.reporter.kind: {valueType: STRING}
    destination.namespace: {valueType: STRING}
    source.namespace: {valueType: STRING}
    request.path: {valueType: STRING}
    request.headers: {valueType: STRING_MAP}
    check.error_code: {valueType: INT64}
    check.error_message: {valueType: STRING}
    shop.basket: {valueType: INT64}
`;

const denial = `
---
apiVersion: config.istio.io/v1alpha2
kind: handler
metadata: {name: no, namespace: istio-system}
spec: {compiledAdapter: denier, params: {status: {code: 7, message: not here}}}
---
apiVersion: config.istio.io/v1alpha2
kind: instance
metadata: {name: nothing, namespace: istio-system}
spec: {compiledTemplate: checknothing}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: large-baskets, namespace: istio-system}
spec:
  match: shop.basket > 3
  actions: [{handler: no, instances: [nothing]}]
`;

const path = (file: string) => `
---
apiVersion: config.istio.io/v1alpha2
kind: handler
metadata: {name: audit, namespace: istio-system}
spec: {compiledAdapter: stdio, params: {logStream: FILE, outputPath: ${file}, outputAsJson: true}}
---
apiVersion: config.istio.io/v1alpha2
kind: instance
metadata: {name: denied, namespace: istio-system}
spec:
  compiledTemplate: logentry
  params:
    severity: '"warning"'
    timestamp: timestamp("2026-01-01T00:00:00Z")
    variables: {path: request.path | "", reason: check.error_message | ""}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: audit, namespace: istio-system}
spec:
  match: (check.error_code | 0) != 0
  actions: [{handler: audit, instances: [denied]}]
`;

const request: Written = { 'context.reporter.kind': 'inbound', 'destination.namespace': 'default' };

async function eventually(what: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('it did not come to be within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the configuration of a Mixer', () => {
  const folder = configFolder();
  let mixer: TrialMixer;
  const codeOf = async (attributes: Written): Promise<number> =>
    (await mixer.check({ ...request, ...attributes })).precondition?.status?.code ?? 0;

  beforeAll(async () => {
    folder.write(manifest);
    mixer = await TrialMixer.start(folder.url);
  });

  afterAll(async () => {
    await mixer.stop();
    folder.remove();
  });

  it('S43 an attribute that a manifest adds is one for rules, and they are followed while requests come', async () => {
    expect(await codeOf({ 'shop.basket': 4 })).toBe(status.OK);
    folder.write(manifest + denial);
    await eventually(async () => (await codeOf({ 'shop.basket': 4 })) !== 0);
    expect(await codeOf({ 'shop.basket': 3 })).toBe(status.OK);
    expect(await codeOf({})).toBe(status.OK);
    folder.write(manifest);
    await eventually(async () => (await codeOf({ 'shop.basket': 4 })) === 0);
  });

  it('S43 what is wrong in it is left out and counted; the rest is at work', async () => {
    const broken = denial.replace('name: large-baskets', 'name: broken').replace('shop.basket > 3', 'shop.baskets > 3');
    folder.write(manifest + denial + broken.slice(broken.lastIndexOf('---')));
    await eventually(async () => (await codeOf({ 'shop.basket': 4 })) !== 0);
    const metrics = await (await fetch(`${mixer.monitoring}/metrics`)).text();
    expect(metrics).toContain('mixer_config_rule_configs_total 1');
  });

  it('S47 a denial that is reported leaves an entry in the audit log, other requests leave none', async () => {
    const file = `${folder.url.slice('fs://'.length)}/audit.log`;
    folder.write(manifest + path(file));
    const denied = { 'check.error_code': 7, 'check.error_message': 'no:not here', 'request.path': '/secret' };
    await eventually(async () => {
      await mixer.report(
        { ...request, ...denied },
        { ...request, 'check.error_code': 0, 'check.error_message': '', 'request.path': '/open' },
      );
      return readFileSync(file, { encoding: 'utf8', flag: 'a+' }) !== '';
    });
    const [entry, ...others] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(entry ?? '')).toEqual({
      level: 'warn',
      time: '2026-01-01T00:00:00.000000Z',
      instance: 'denied.instance.istio-system',
      path: '/secret',
      reason: 'no:not here',
    });
    expect(others.join('')).not.toContain('/open');
  });
});
