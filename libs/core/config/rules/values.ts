import { isIP, isIPv6 } from './addresses';
import { RE2JS } from 're2js';
import type { Duration } from '@keelson/api/google/protobuf/duration';
import type { Findings } from '../findings';

/** Longer ones may pass RE2's limit on the size of a program in Envoy. */
const longestRegex = 1024;

export function checkPort(findings: Findings, field: string, port: number | undefined): void {
  if (port === undefined || port < 1 || port > 65535)
    findings.add(field, `must be a port, 1 to 65535, not ${String(port ?? 0)}`);
}

/** At least a millisecond and no finer: Envoy would round the rest away. */
export function checkDuration(findings: Findings, field: string, duration: Duration | undefined): void {
  if (!duration) return;
  const nanos = duration.nanos ?? 0;
  if ((duration.seconds ?? 0) * 1000 + nanos / 1e6 < 1) findings.add(field, 'must be at least 1ms');
  else if (nanos % 1e6 !== 0) findings.add(field, 'must be a whole number of milliseconds');
}

export function checkPercentage(
  findings: Findings,
  field: string,
  percentage: { value?: number | undefined } | undefined,
): void {
  const value = percentage?.value ?? 0;
  if (!(value >= 0 && value <= 100)) findings.add(field, `must be a percentage, 0 to 100, not ${String(value)}`);
  else if (value > 0 && value < 0.0001)
    findings.add(field, 'is smaller than the smallest share that can be served, 0.0001');
}

export function checkRange(
  findings: Findings,
  field: string,
  value: number | undefined,
  least: number,
  most: number,
): void {
  if (value !== undefined && !(value >= least && value <= most))
    findings.add(field, `must be ${String(least)} to ${String(most)}, not ${String(value)}`);
}

export function checkNotNegative(findings: Findings, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) findings.add(field, `must not be negative, not ${String(value)}`);
}

/** RE2's syntax, as Envoy runs it. */
export function checkRegex(findings: Findings, field: string, regex: string): void {
  if (regex === '') findings.add(field, 'a regular expression must not be empty');
  else if (regex.length > longestRegex)
    findings.add(field, `a regular expression may have ${String(longestRegex)} characters at most`);
  else
    try {
      RE2JS.compile(regex);
    } catch (error) {
      findings.add(
        field,
        `is not a regular expression of RE2: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
}

export function checkAddress(findings: Findings, field: string, address: string): void {
  if (!isIP(address)) findings.add(field, `${JSON.stringify(address)} is not an IP address`);
}

/** An address, or a range such as 10.0.0.0/8. */
export function checkSubnet(findings: Findings, field: string, subnet: string): void {
  const [address = '', bits, ...rest] = subnet.split('/');
  const most = isIPv6(address) ? 128 : 32;
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  if (!isIP(address) || !fits || rest.length > 0)
    findings.add(field, `${JSON.stringify(subnet)} is not an IP address or range`);
}

/** `unix:///path`, or `unix://@name` for an abstract socket. */
export function checkUnixAddress(findings: Findings, field: string, address: string): void {
  const path = address.slice('unix://'.length);
  if (!/^(?:@.+|\/.*[^/])$/.test(path))
    findings.add(field, `${JSON.stringify(address)} is not unix:// with an absolute path`);
}
