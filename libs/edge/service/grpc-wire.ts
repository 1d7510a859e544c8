const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** The milliseconds of a `grpc-timeout` header ("Timeout" in gRPC over HTTP2); undefined where it is none. */
export function parseGrpcTimeout(header: string): number | undefined {
  const [, value, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  return value === undefined || unit === undefined ? undefined : Number(value) * (unitMs[unit] as number);
}

/** A text as a `grpc-message` carries it: "Percent-Encoded" in gRPC over HTTP2, on its UTF-8. */
export function percentEncoded(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
