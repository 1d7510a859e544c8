/*
 * Prometheus' text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** `a="1",b="2"`, in the order given. */
export function labelPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

/** A value of a label: backslash, quote and line feed are escaped. Half a surrogate pair becomes U+FFFD, as in UTF-8. */
function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n') : value;
}

/** The two lines before a metric's samples. */
export function metricHead(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

/** The value of a sample. */
export function sampleValue(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** A bucket's bound as Prometheus' Go client writes it (`1e+06`), so that series keep their names. */
export function boundText(bound: number): string {
  const [digits = '', exponent = ''] = bound.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(bound);
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${digits}e${power < 0 ? '-' : '+'}${size}`;
}
