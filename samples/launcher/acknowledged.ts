/** A row of `meshctl proxy-status -o json`. */
export interface ProxyRow {
  proxy: string;
  revision: string;
  acked: string;
  nack: { message?: string; resource?: string } | null;
}

/**
 * Why not every one of so many proxies has acknowledged one and the same revision; undefined when all have. A NACK that
 * was followed by an acknowledgement is history.
 */
export function notAcknowledged(rows: readonly ProxyRow[], count: number): string | undefined {
  if (rows.length < count) return `${rows.length} of ${count} proxies are connected`;
  const newest =
    rows
      .map(({ revision }) => revision)
      .sort(bySequence)
      .at(-1) ?? '';
  const late = rows.filter(({ acked }) => acked !== newest);
  if (late.length === 0) return undefined;
  return late
    .map(({ proxy, acked, nack }) => {
      const refused = nack === null ? '' : `; it refused ${nack.resource ?? 'something'}: ${nack.message ?? ''}`;
      return `${proxy} has acknowledged ${acked || 'nothing'} of ${newest}${refused}`;
    })
    .join('\n');
}

function bySequence(a: string, b: string): number {
  return Number(a.split('-').at(-1)) - Number(b.split('-').at(-1));
}
