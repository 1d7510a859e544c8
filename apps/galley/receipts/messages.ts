/** How far one proxy is, by its Pilot's word. */
export interface Watermark {
  proxy: string;
  type: string;
  /** The newest revision of which it is known what the proxy needs. */
  evaluated: string;
  /** The newest revision for which something was sent. */
  sent: string;
  /** Everything sent for this revision and older ones was acknowledged. */
  acked: string;
  /** What it refuses as it is now; undefined where the Pilot does not tell. */
  refused?: { type: string; resource: string }[];
}

/** One message of a Pilot. */
export interface ReceiptMessage {
  pilot: string;
  /** Its debug pages. */
  debug: string;
  time: string;
  /** Evaluated by all its proxies that are not listed otherwise. */
  revision: string;
  proxies: Watermark[];
  gone: string[];
  /** Every proxy of the Pilot is listed. */
  full: boolean;
}

/** A response that a proxy refused. */
export interface Nack {
  pilot: string;
  proxy: string;
  type: string;
  resource?: string;
  message: string;
  provenance?: string[];
  revision: string;
  time: string;
}

type Fields = Record<string, unknown>;

/** Reads a message of `receipts.<pilot>`; throws for what is none. */
export function readReceipt(data: Uint8Array): ReceiptMessage {
  const fields = readFields(data);
  return {
    pilot: text(fields, 'pilot'),
    debug: text(fields, 'debug'),
    time: text(fields, 'time'),
    revision: text(fields, 'revision'),
    proxies: list(fields, 'proxies').map((each) => {
      const row = (each ?? {}) as Fields;
      return {
        proxy: text(row, 'proxy'),
        type: text(row, 'type'),
        evaluated: text(row, 'evaluated'),
        sent: text(row, 'sent'),
        acked: text(row, 'acked'),
        ...(row['refused'] !== undefined && {
          refused: list(row, 'refused').map((refused) => {
            const fields = (refused ?? {}) as Fields;
            return { type: text(fields, 'type'), resource: text(fields, 'resource') };
          }),
        }),
      };
    }),
    gone: list(fields, 'gone').map(String),
    full: fields['full'] === true,
  };
}

/** Reads a message of `nacks.<pilot>`; throws for what is none. */
export function readNack(data: Uint8Array): Nack {
  const fields = readFields(data);
  return {
    pilot: text(fields, 'pilot'),
    proxy: text(fields, 'proxy'),
    type: text(fields, 'type'),
    ...(typeof fields['resource'] === 'string' && { resource: fields['resource'] }),
    message: text(fields, 'message'),
    ...(Array.isArray(fields['provenance']) && { provenance: fields['provenance'].map(String) }),
    revision: text(fields, 'revision'),
    time: text(fields, 'time'),
  };
}

function readFields(data: Uint8Array): Fields {
  const value = JSON.parse(Buffer.from(data).toString()) as Fields | null;
  if (value?.['format'] !== 1) throw new Error(`format ${String(value?.['format'])} is not known here`);
  return value;
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Error(`${key} is missing`);
  return value;
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key] ?? [];
  if (!Array.isArray(value)) throw new Error(`${key} is no list`);
  return value;
}
