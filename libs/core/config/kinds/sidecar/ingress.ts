import type { IstioIngressListener, SidecarPort } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { Findings } from '../../findings';
import { isDnsLabel } from '../../rules/names';
import { checkProtocol } from '../../rules/protocols';
import { Repeated } from '../../rules/repeated';
import { checkAddress, checkPort, checkUnixAddress } from '../../rules/values';

const endpoint = /^(?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|):(\d{1,5})$/;

export function checkIngress(findings: Findings, listeners: readonly IstioIngressListener[]): void {
  const ports = new Repeated(findings, 'port');
  for (const [i, listener] of listeners.entries()) {
    const field = `spec.ingress[${String(i)}]`;
    if (!listener.port) {
      findings.add(`${field}.port`, 'a port is required');
      continue;
    }
    checkListenerPort(findings, `${field}.port`, listener.port);
    ports.check(`${field}.port.number`, listener.port.number);
    if (listener.bind) checkAddress(findings, `${field}.bind`, listener.bind);
    if (listener.defaultEndpoint) checkDefaultEndpoint(findings, `${field}.defaultEndpoint`, listener.defaultEndpoint);
  }
}

export function checkListenerPort(findings: Findings, field: string, port: SidecarPort): void {
  checkPort(findings, `${field}.number`, port.number);
  if (port.name && !isDnsLabel(port.name))
    findings.add(`${field}.name`, `${JSON.stringify(port.name)} is not the name of a port`);
  checkProtocol(findings, `${field}.protocol`, port.protocol);
}

function checkDefaultEndpoint(findings: Findings, field: string, text: string): void {
  if (text.startsWith('unix://')) {
    checkUnixAddress(findings, field, text);
    return;
  }
  const port = endpoint.exec(text)?.[1];
  if (port === undefined)
    findings.add(field, 'must be 127.0.0.1:<port>, 0.0.0.0:<port>, [::1]:<port>, [::]:<port> or unix://<path>');
  else checkPort(findings, field, Number(port));
}
