import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttributeRow } from './attribute-row';
import { attributeTable } from './attributes';

const page = join(__dirname, '../../../../docs/mixer-attributes.md');

function cells({ name, type, from, only, peer }: AttributeRow): string[] {
  const notes = [only, peer ? 'or the caller' : undefined].filter((note) => note !== undefined);
  return [`\`${name}\``, type, from.check ?? '', from.http ?? '', from.tcp ?? '', notes.join('; ')];
}

/** A table of Markdown, its columns aligned. */
function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, i) =>
    Math.max(...[title, ...rows.map((row) => row[i]!)].map(({ length }) => length)),
  );
  const line = (row: string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function text(): string {
  return [
    "# Mixer's attributes, as Envoy tells them",
    '',
    'An agent, or Mixer for proxies without one, serves `ext_authz` and the gRPC access log to Envoy, and speaks of requests and',
    "connections in Mixer's vocabulary. This page is made from the table of that mapping:",
    '`KEELSON_UPDATE=1 npx jest libs/edge/mixer-client/envoy/attributes-page` writes it anew.',
    '',
    'The columns name fields of `envoy.service.auth.v3.AttributeContext`, and of `HTTPAccessLogEntry` and `TCPAccessLogEntry`',
    '(`envoy.data.accesslog.v3`), where parts of `common_properties` go without it. An empty cell: Envoy does not tell it there.',
    '"inbound": only the proxy of the service that is called has it from there.',
    '',
    'Each later source goes before the earlier ones:',
    '',
    '1. What Envoy tells, by the table.',
    '2. What the proxy of the caller says of the caller, where the table has "or the caller" (`source.*`): a base64 text of',
    '   `istio.mixer.v1.Attributes` in the header `x-istio-attributes`, which Envoy moves into the metadata `istio.mixer`,',
    '   `attributes`. It is believed only over mutual TLS, and as a whole or not at all: `source.namespace` and',
    '   `source.workload.namespace` have to be that of the certificate of the caller where they are said, `source.uid` has to be',
    '   `kubernetes://<name>.<that namespace>`, and `source.workload.uid` `istio://<that namespace>/workloads/<name>`.',
    '3. What the own workload knows of itself: `destination.*` inbound, `source.*` outbound.',
    '4. For what goes out, the text `istio.workload` of the endpoint, `name;namespace;app;version;cluster`:',
    '   `destination.workload.name`, `destination.workload.namespace`, `destination.namespace`, and the labels `app` and `version`.',
    '5. What the configuration of the route says under the names of attributes: `context_extensions` of a check, `custom_tags` of',
    '   an access log. Texts, numbers, `true` or `false`, and IP addresses, as the type of the attribute asks.',
    '',
    '`request.auth.*` and `rbac.*` are there only where a configuration of your own makes Envoy know them: filters `jwt_authn` that',
    'verify tokens and leave the payload in metadata, rules of `rbac` with shadow rules. Pilot sends neither, and has a check',
    'carry no other metadata than `istio.mixer`: it tells of a token only where `metadata_context_namespaces` of `ext_authz` lists',
    '`envoy.filters.http.jwt_authn`.',
    '',
    ...table(
      ['attribute', 'type', 'check', 'log of requests', 'log of connections', 'where'],
      attributeTable.map(cells),
    ),
    '',
  ].join('\n');
}

it('the page of attributes says what the table says', () => {
  if (process.env['KEELSON_UPDATE'] === '1') writeFileSync(page, text());
  expect(readFileSync(page, 'utf8')).toBe(text());
});

it('names each attribute once', () => {
  const names = attributeTable.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
