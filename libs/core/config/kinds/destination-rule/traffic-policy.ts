import {
  ClientTLSSettings_TLSmode,
  type ClientTLSSettings,
  type ConnectionPoolSettings,
  type OutlierDetection,
  type TrafficPolicy,
  type TrafficPolicy_PortTrafficPolicy,
} from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Findings } from '../../findings';
import { Repeated } from '../../rules/repeated';
import { checkDuration, checkNotNegative, checkPort, checkRange } from '../../rules/values';

export function checkTrafficPolicy(findings: Findings, field: string, policy: TrafficPolicy | undefined): void {
  if (!policy) return;
  if (saysNothing(policy)) findings.add(field, 'must have at least one field');
  checkSettings(findings, field, policy);
  const ports = new Repeated(findings, 'port');
  for (const [i, settings] of (policy.portLevelSettings ?? []).entries()) {
    const at = `${field}.portLevelSettings[${String(i)}]`;
    checkPort(findings, `${at}.port.number`, settings.port?.number);
    ports.check(`${at}.port.number`, settings.port?.number);
    if (saysNothing({ ...settings, port: undefined })) findings.add(at, 'must have at least one field besides port');
    checkSettings(findings, at, settings);
  }
}

function saysNothing(policy: object): boolean {
  return Object.values(policy).every((value) => value === undefined || (Array.isArray(value) && value.length === 0));
}

function checkSettings(
  findings: Findings,
  field: string,
  policy: TrafficPolicy | TrafficPolicy_PortTrafficPolicy,
): void {
  if (policy.connectionPool) checkConnectionPool(findings, `${field}.connectionPool`, policy.connectionPool);
  if (policy.outlierDetection) checkOutlierDetection(findings, `${field}.outlierDetection`, policy.outlierDetection);
  if (policy.tls) checkTls(findings, `${field}.tls`, policy.tls);
}

function checkConnectionPool(findings: Findings, field: string, { tcp, http }: ConnectionPoolSettings): void {
  if (!tcp && !http) findings.add(field, 'must have tcp or http');
  checkNotNegative(findings, `${field}.tcp.maxConnections`, tcp?.maxConnections);
  checkDuration(findings, `${field}.tcp.connectTimeout`, tcp?.connectTimeout);
  checkDuration(findings, `${field}.tcp.idleTimeout`, tcp?.idleTimeout);
  checkDuration(findings, `${field}.tcp.tcpKeepalive.time`, tcp?.tcpKeepalive?.time);
  checkDuration(findings, `${field}.tcp.tcpKeepalive.interval`, tcp?.tcpKeepalive?.interval);
  checkNotNegative(findings, `${field}.http.http1MaxPendingRequests`, http?.http1MaxPendingRequests);
  checkNotNegative(findings, `${field}.http.http2MaxRequests`, http?.http2MaxRequests);
  checkNotNegative(findings, `${field}.http.maxRequestsPerConnection`, http?.maxRequestsPerConnection);
  checkNotNegative(findings, `${field}.http.maxRetries`, http?.maxRetries);
  checkDuration(findings, `${field}.http.idleTimeout`, http?.idleTimeout);
}

function checkOutlierDetection(findings: Findings, field: string, outlier: OutlierDetection): void {
  checkDuration(findings, `${field}.interval`, outlier.interval);
  checkDuration(findings, `${field}.baseEjectionTime`, outlier.baseEjectionTime);
  checkRange(findings, `${field}.maxEjectionPercent`, outlier.maxEjectionPercent, 0, 100);
  checkRange(findings, `${field}.minHealthPercent`, outlier.minHealthPercent, 0, 100);
  checkNotNegative(findings, `${field}.consecutiveErrors`, outlier.consecutiveErrors);
  if (outlier.consecutiveErrors) findings.warn(`${field}.consecutiveErrors`, 'is deprecated; use consecutive5xxErrors');
  if (outlier.consecutiveLocalOriginFailures && !outlier.splitExternalLocalOriginErrors)
    findings.add(`${field}.consecutiveLocalOriginFailures`, 'needs splitExternalLocalOriginErrors: true');
}

function checkTls(findings: Findings, field: string, tls: ClientTLSSettings): void {
  const mode = tls.mode ?? ClientTLSSettings_TLSmode.DISABLE;
  if (mode === ClientTLSSettings_TLSmode.DISABLE && (tls.sni || (tls.subjectAltNames ?? []).length > 0))
    findings.warn(field, 'sni and subjectAltNames have no effect where TLS is disabled');
  for (const [i, name] of (tls.subjectAltNames ?? []).entries())
    if (name === '') findings.add(`${field}.subjectAltNames[${String(i)}]`, 'must not be empty');
}
