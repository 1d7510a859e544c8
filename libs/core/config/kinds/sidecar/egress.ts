import type { IstioEgressListener } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { Findings } from '../../findings';
import { isDnsLabel, isHostPattern, isPartialWildcard } from '../../rules/names';
import { Repeated } from '../../rules/repeated';
import { checkAddress } from '../../rules/values';
import { checkListenerPort } from './ingress';

export function checkEgress(findings: Findings, listeners: readonly IstioEgressListener[], namespace: string): void {
  const places = new Repeated(findings, 'listener');
  for (const [i, listener] of listeners.entries()) {
    const field = `spec.egress[${String(i)}]`;
    if (listener.port) {
      if (listener.bind?.startsWith('unix://')) findings.unsupported(`${field}.bind`, 'a socket in the file system');
      else if (listener.bind) checkAddress(findings, `${field}.bind`, listener.bind);
      checkListenerPort(findings, `${field}.port`, listener.port);
      places.check(`${field}.port.number`, `${listener.bind ?? ''}:${String(listener.port.number ?? 0)}`);
    } else {
      if (i < listeners.length - 1)
        findings.add(`${field}.port`, 'only the last egress listener may be without a port');
      if (listener.bind) findings.add(`${field}.bind`, 'a listener without a port has no address');
    }
    checkHosts(findings, `${field}.hosts`, listener.hosts ?? [], namespace);
  }
}

function checkHosts(findings: Findings, field: string, hosts: readonly string[], namespace: string): void {
  if (hosts.length === 0) findings.add(field, 'at least one host is required, as namespace/host');
  const seen = new Set<string>();
  for (const [i, text] of hosts.entries()) {
    const at = `${field}[${String(i)}]`;
    checkHost(findings, at, text);
    const meant = text.startsWith('./') ? `${namespace}${text.slice(1)}` : text;
    if (seen.has(meant)) findings.warn(at, `${text} is there already`);
    seen.add(meant);
  }
}

/** `namespace/host`: a namespace, `.`, `*` or `~`; a full host name, `*.suffix` or `*`. */
function checkHost(findings: Findings, field: string, text: string): void {
  const slash = text.indexOf('/');
  if (slash < 0) {
    findings.add(field, `${JSON.stringify(text)} is not namespace/host`);
    return;
  }
  const [namespace, host] = [text.slice(0, slash), text.slice(slash + 1)];
  if (!['*', '.', '~'].includes(namespace) && !isDnsLabel(namespace))
    findings.add(field, `${JSON.stringify(namespace)} is neither a namespace nor * nor . nor ~`);
  if (!isHostPattern(host))
    findings.add(field, `${JSON.stringify(host)} is not a host name, nor one with a wildcard as its first label`);
  else if (host !== '*' && !host.includes('.')) findings.add(field, 'a short host name is not allowed here');
  else if (isPartialWildcard(host)) findings.add(field, 'a wildcard stands for a whole label: *.example.com');
}
