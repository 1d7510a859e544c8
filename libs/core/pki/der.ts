import { asn1 } from 'node-forge';

/** A parsed value of ASN.1, as node-forge holds it. */
export type Der = asn1.Asn1;

const { Class, Type } = asn1;

interface ParseOptions {
  strict: boolean;
  parseAllBytes: boolean;
  decodeBitStrings: boolean;
  maxDepth: number;
}
// The published types know only an older signature.
const fromDer = asn1.fromDer as unknown as (bytes: string, options: ParseOptions) => Der;

/** Parses DER from a stranger: no bytes may be left over, and nesting is limited. Throws on anything else. */
export function parseDer(bytes: Buffer): Der {
  return fromDer(bytes.toString('latin1'), {
    strict: true,
    parseAllBytes: true,
    decodeBitStrings: false,
    maxDepth: 16,
  });
}

/** The bytes of a value. */
export function derBytes(value: Der): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

/** The parts of a SEQUENCE; undefined for anything else. */
export function partsOf(value: Der | undefined): Der[] | undefined {
  if (value?.tagClass !== Class.UNIVERSAL || value.type !== Type.SEQUENCE) return undefined;
  return Array.isArray(value.value) ? value.value : undefined;
}

/** The content of a primitive value of a type; undefined for any other. */
export function contentOf(value: Der | undefined, type: asn1.Type): Buffer | undefined {
  if (value?.tagClass !== Class.UNIVERSAL || value.type !== type || typeof value.value !== 'string') return undefined;
  return Buffer.from(value.value, 'latin1');
}

/** The dotted form of an object identifier; undefined for anything else. */
export function oidOf(value: Der | undefined): string | undefined {
  const content = contentOf(value, Type.OID);
  return content === undefined || content.length === 0 ? undefined : asn1.derToOid(content.toString('latin1'));
}

export function sequence(...parts: Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

export function set(...parts: Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, parts);
}

export function oid(dotted: string): Der {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

/** An integer that is not negative, from its bytes. */
export function integer(bytes: Buffer): Der {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const minimal = bytes.subarray(from);
  const positive = ((minimal[0] ?? 0) & 0x80) === 0 ? minimal : Buffer.concat([Buffer.of(0), minimal]);
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, positive.toString('latin1'));
}

export function boolean(value: boolean): Der {
  return asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, value ? '\xff' : '\x00');
}

export function bitString(bytes: Buffer, unusedBits = 0): Der {
  return asn1.create(
    Class.UNIVERSAL,
    Type.BITSTRING,
    false,
    String.fromCharCode(unusedBits) + bytes.toString('latin1'),
  );
}

export function octetString(bytes: Buffer): Der {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes.toString('latin1'));
}

export function utf8(text: string): Der {
  return asn1.create(Class.UNIVERSAL, Type.UTF8, false, Buffer.from(text).toString('latin1'));
}

/** A value with a context-specific tag: `[n]`. */
export function tagged(tag: number, content: Der[] | Buffer): Der {
  const constructed = Array.isArray(content);
  const value = constructed ? content : content.toString('latin1');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the published types take universal tags only
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, constructed, value);
}

/** A time in the form that X.509 asks for: two digits of the year until 2049. */
export function time(ms: number): Der {
  const date = new Date(Math.floor(ms / 1000) * 1000);
  return date.getUTCFullYear() < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

/** DER that is there already, to stand inside what is built. */
export function embedded(bytes: Buffer): Der {
  return parseDer(bytes);
}
