import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import Ajv, { type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';
import { messageDescriptor } from '@keelson/api';
import type { Served } from './served';

/**
 * JSON schemas made from protobuf descriptors, one for each message type, by the rules of canonical proto3 JSON as
 * Kubernetes' CRDs narrow them: numbers are numbers, names are the JSON names, and nothing else is allowed.
 */
const wellKnown: Readonly<Record<string, SchemaObject>> = {
  'google.protobuf.Duration': { protoDuration: true },
  'google.protobuf.Timestamp': { type: 'string' },
  'google.protobuf.Struct': { type: 'object' },
  'google.protobuf.Value': {},
  'google.protobuf.ListValue': { type: 'array' },
  'google.protobuf.Any': { type: 'object' },
};

const durations = /^-?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
/** Protobuf's own limit, about 10,000 years. */
const longestSeconds = 315_576_000_000;
const secondsOf: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

function isDuration(text: string): boolean {
  if (text === '0') return true;
  if (text.length > 64 || !durations.test(text)) return false;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(amount) * (secondsOf[unit ?? ''] ?? 0);
  return seconds < longestSeconds;
}

function newAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({
    inlineRefs: false,
    allErrors,
    strict: true,
    allowUnionTypes: true,
    verbose: true,
    messages: true,
    // What costs as much as to compile, and gives nothing here: a look at the schemas beyond that of strict mode, and another
    // pass over code that V8 optimizes anyway.
    meta: false,
    validateSchema: false,
    code: { optimize: false },
  });
  ajv.addKeyword({
    keyword: 'protoDuration',
    schemaType: 'boolean',
    validate: (_: boolean, data: unknown) => typeof data === 'string' && isDuration(data),
  });
  ajv.addKeyword({
    keyword: 'protoBytes',
    schemaType: 'boolean',
    validate: (_: boolean, data: unknown) => typeof data === 'string' && base64.test(data),
  });
  ajv.addKeyword({
    keyword: 'protoNumericKey',
    schemaType: 'array',
    type: 'string',
    validate: ([least, most]: [number, number], data: string) =>
      /^(?:0|-?[1-9]\d*)$/.test(data) && Number(data) >= least && Number(data) <= most,
  });
  ajv.addKeyword({
    keyword: 'protoEnum',
    schemaType: 'array',
    validate: (values: (string | number)[], data: unknown) => values.includes(data as string | number),
  });
  ajv.addKeyword({
    keyword: 'protoOneofs',
    schemaType: 'array',
    type: 'object',
    validate: (oneofs: string[][], data: object) =>
      oneofs.every((names) => names.filter((name) => Object.hasOwn(data, name)).length <= 1),
  });
  return ajv;
}

/**
 * The schema of a message and of every one that it holds. A field that is not served may hold anything: it is refused
 * as such, and a schema of all that the API has would take long to compile.
 */
export function schemaOf(typeName: string, served: Served | true): SchemaObject {
  const known = wellKnown[typeName];
  if (known) return known;
  const definitions: Record<string, SchemaObject> = {};
  const names = new Map<Served, string>();
  const waiting: { message: DescMessage; served: Served | true; name: string }[] = [];
  const refer: Refer = (message, table) => {
    let name = table === true ? message.typeName : names.get(table);
    if (name === undefined) {
      name = `${message.typeName}.served${String(names.size)}`;
      if (table !== true) names.set(table, name);
    }
    if (!definitions[name]) {
      definitions[name] = {};
      waiting.push({ message, served: table, name });
    }
    return { $ref: `#/definitions/${name}` };
  };
  const root = refer(messageDescriptor(typeName), served);
  for (let next = waiting.pop(); next; next = waiting.pop())
    definitions[next.name] = messageSchema(next.message, next.served, refer);
  return { ...root, definitions };
}

type Refer = (message: DescMessage, served: Served | true) => SchemaObject;

function messageSchema(message: DescMessage, served: Served | true, refer: Refer): SchemaObject {
  const properties = Object.fromEntries(
    message.fields.map((field) => {
      const table = served === true ? true : Object.hasOwn(served, field.jsonName) ? served[field.jsonName] : undefined;
      return [field.jsonName, table === undefined ? {} : fieldSchema(field, isTable(table) ? table : true, refer)];
    }),
  );
  const oneofs = message.oneofs
    .map((oneof) => oneof.fields.map((field) => field.jsonName))
    .filter((names) => names.length > 1);
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(oneofs.length > 0 ? { protoOneofs: oneofs } : {}),
  };
}

function isTable(served: Served[string]): served is Served {
  return served !== true && !Array.isArray(served);
}

function fieldSchema(field: DescField, served: Served | true, refer: Refer): SchemaObject {
  switch (field.fieldKind) {
    case 'list':
      return { type: 'array', items: valueSchema(field, served, refer) };
    case 'map':
      return {
        type: 'object',
        additionalProperties: valueSchema(field, served, refer),
        ...(field.mapKey === ScalarType.STRING
          ? {}
          : { propertyNames: { protoNumericKey: integerRange(field.mapKey) ?? [-(2 ** 53), 2 ** 53] } }),
      };
    default:
      return valueSchema(field, served, refer);
  }
}

function valueSchema(field: DescField, served: Served | true, refer: Refer): SchemaObject {
  if (field.message) return inMessage(field.message, served, refer);
  if (field.enum) return enumSchema(field.enum);
  return scalarSchema(field.scalar);
}

function inMessage(message: DescMessage, served: Served | true, refer: Refer): SchemaObject {
  const known = wellKnown[message.typeName];
  if (known) return known;
  const wrapped = /^google\.protobuf\.\w+Value$/.test(message.typeName) ? message.fields[0] : undefined;
  return wrapped ? scalarSchema(wrapped.scalar ?? ScalarType.STRING) : refer(message, served);
}

function enumSchema(of: DescEnum): SchemaObject {
  return { protoEnum: of.values.flatMap((value) => [value.name, value.number]) };
}

/** Canonical JSON writes a string, people write a number. */
const integer64: SchemaObject = { type: ['integer', 'string'], pattern: '^-?\\d+$' };

/** Least and most of an integer that JSON writes as a number. */
function integerRange(scalar: ScalarType): readonly [number, number] | undefined {
  switch (scalar) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return [-(2 ** 31), 2 ** 31 - 1];
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return [0, 2 ** 32 - 1];
    default:
      return undefined;
  }
}

function scalarSchema(scalar: ScalarType): SchemaObject {
  const range = integerRange(scalar);
  if (range) return { type: 'integer', minimum: range[0], maximum: range[1] };
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: 'number' };
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BYTES:
      return { protoBytes: true };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { ...integer64, minimum: 0 };
    default:
      return integer64;
  }
}

/** Which errors are told. */
type Engine = 'first' | 'all';

const engines: { [engine in Engine]?: Ajv } = {};
const compiled = { first: new Map<string, ValidateFunction>(), all: new Map<string, ValidateFunction>() };

/** A message type, and which of its fields are looked into. */
export interface Shape {
  readonly typeName: string;
  readonly served: Served | true;
}

/**
 * What ajv finds wrong with a spec; compiled at the first use of each type. Every error is looked for only where it is
 * cheap: a large input full of errors would cost memory for each.
 */
export function schemaErrors(shape: Shape, spec: unknown, everyError: boolean): ErrorObject[] {
  const first = validator('first', shape);
  if (first(spec)) return [];
  if (!everyError) return first.errors ?? [];
  const all = validator('all', shape);
  all(spec);
  return all.errors ?? first.errors ?? [];
}

function validator(engine: Engine, { typeName, served }: Shape): ValidateFunction {
  let validate = compiled[engine].get(typeName);
  if (!validate) {
    engines[engine] ??= newAjv(engine === 'all');
    validate = engines[engine].compile(schemaOf(typeName, served));
    compiled[engine].set(typeName, validate);
  }
  return validate;
}
