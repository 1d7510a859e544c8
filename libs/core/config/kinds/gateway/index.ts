import { Gateway, ServerTLSSettings_TLSmode, type Server } from '@keelson/api/istio/networking/v1alpha3/gateway';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import { providedGateway } from '../../provided';
import { checkLabels } from '../../rules/labels';
import { isDnsLabel } from '../../rules/names';
import { checkProtocol, isHttp } from '../../rules/protocols';
import { Repeated } from '../../rules/repeated';
import { checkAddress, checkPort } from '../../rules/values';
import type { Served } from '../../served';
import { networking } from '../groups';
import { checkConflicts } from './conflicts';
import { checkGatewayHost } from './hosts';

const served: Served = {
  selector: true,
  servers: {
    name: true,
    port: { number: true, name: true, protocol: true },
    bind: true,
    hosts: true,
    tls: {
      httpsRedirect: true,
      mode: ['SIMPLE'],
      credentialName: true,
      minProtocolVersion: true,
      maxProtocolVersion: true,
      cipherSuites: true,
    },
  },
};

/** What a proxy at the edge listens for. */
export const gateway = defineKind<Gateway>({
  ...networking,
  kind: 'Gateway',
  plural: 'gateways',
  collection: 'istio/networking/v1alpha3/gateways',
  typeName: 'istio.networking.v1alpha3.Gateway',
  served,
  decode: (bytes) => Gateway.decode(bytes),
  validate,
  provides: ({ namespace, name }) => [providedGateway(`${namespace}/${name}`)],
});

function validate({ name, spec }: MeshObject<Gateway>, _: NameScope, findings: Findings): void {
  if (!isDnsLabel(name)) findings.add('metadata.name', `${JSON.stringify(name)} is not a name for a Gateway: no dots`);
  checkLabels(findings, 'spec.selector', spec.selector);
  const servers = spec.servers ?? [];
  if (servers.length === 0) findings.add('spec.servers', 'at least one server is required');
  const names = new Repeated(findings, 'server');
  const portNames = new Repeated(findings, 'port');
  for (const [i, server] of servers.entries()) {
    const field = `spec.servers[${String(i)}]`;
    names.check(`${field}.name`, server.name);
    portNames.check(`${field}.port.name`, server.port?.name);
    checkServer(findings, field, server);
  }
  checkConflicts(findings, servers);
}

function checkServer(findings: Findings, field: string, server: Server): void {
  const hosts = server.hosts ?? [];
  if (hosts.length === 0) findings.add(`${field}.hosts`, 'at least one host is required');
  for (const [i, host] of hosts.entries()) checkGatewayHost(findings, `${field}.hosts[${String(i)}]`, host);
  if (server.bind?.startsWith('unix://')) findings.unsupported(`${field}.bind`, 'a socket in the file system');
  else if (server.bind) checkAddress(findings, `${field}.bind`, server.bind);
  if (!server.port) {
    findings.add(`${field}.port`, 'a port is required');
    return;
  }
  checkPort(findings, `${field}.port.number`, server.port.number);
  if (!server.port.name) findings.add(`${field}.port.name`, 'a port needs a name');
  checkProtocol(findings, `${field}.port.protocol`, server.port.protocol, ['HTTP', 'HTTP2', 'GRPC', 'HTTPS']);
  checkTls(findings, field, server);
}

function checkTls(findings: Findings, field: string, { port, tls }: Server): void {
  const secure = /^https$/i.test(port?.protocol ?? '');
  if (!tls) {
    if (secure) findings.add(`${field}.tls`, 'a server of HTTPS needs TLS settings');
    return;
  }
  const mode = tls.mode ?? ServerTLSSettings_TLSmode.PASSTHROUGH;
  if (secure) {
    if (mode === ServerTLSSettings_TLSmode.PASSTHROUGH)
      findings.unsupported(`${field}.tls.mode`, 'PASSTHROUGH, which is the default,');
    if (mode === ServerTLSSettings_TLSmode.SIMPLE && !tls.credentialName)
      findings.add(`${field}.tls.credentialName`, 'SIMPLE needs the name of a credential');
    if (tls.httpsRedirect) findings.add(`${field}.tls.httpsRedirect`, 'is for a server of HTTP');
  } else if (isHttp(port?.protocol)) {
    if (mode !== ServerTLSSettings_TLSmode.PASSTHROUGH || tls.credentialName)
      findings.add(`${field}.tls`, 'a server of HTTP may only have httpsRedirect');
  }
  if (tls.credentialName && !/^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(tls.credentialName))
    findings.add(
      `${field}.tls.credentialName`,
      `${JSON.stringify(tls.credentialName)} is not the name of a credential`,
    );
  const [least = 0, most = 0] = [tls.minProtocolVersion, tls.maxProtocolVersion];
  if (most !== 0 && least > most) findings.add(`${field}.tls.maxProtocolVersion`, 'is below minProtocolVersion');
  for (const [i, suite] of (tls.cipherSuites ?? []).entries())
    if (!/^[A-Z0-9]+(?:-[A-Z0-9]+)+$/.test(suite))
      findings.add(`${field}.tls.cipherSuites[${String(i)}]`, `${JSON.stringify(suite)} is not a cipher suite`);
}
