import { HttpStatusCode } from '@keelson/api/istio/policy/v1beta1/http_response';
import {
  defineAdapter,
  durationSchema,
  milliseconds,
  type DirectResponse,
  type Grant,
  type ReportProblem,
  type Verdict,
} from '@keelson/core/policy';
import { httpStatusOf } from './http-status';

/** A `google.protobuf.Any` of one of the types that a status may carry. */
interface Detail {
  '@type': string;
  code?: string | number;
  body?: string;
  headers?: Record<string, string>;
}

interface Settings {
  status: { code: number; message: string; details: Detail[] };
  validDuration: string;
  validUseCount: number;
}

const directResponse = 'type.googleapis.com/istio.policy.v1beta1.DirectHttpResponse';
// RFC 9110 5.1 and 5.5. What carries an answer to the client drops any other header.
const validName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const noValue = /[\x00-\x08\x0a-\x1f\x7f]/;
const nothing: Grant = { amount: 0, validForMs: 0 };

/** Says no to every check with one status, and grants nothing of a quota. */
export const denier = defineAdapter<Settings>({
  name: 'denier',
  plural: 'deniers',
  description: 'Rejects every check and quota with a status that is set',
  templates: ['checknothing', 'listentry', 'quota'],
  schema: {
    type: 'object',
    properties: {
      status: {
        type: 'object',
        default: {},
        properties: {
          code: { type: 'integer', minimum: 0, maximum: 16, default: 9 },
          message: { type: 'string', default: '' },
          details: {
            type: 'array',
            default: [],
            items: {
              type: 'object',
              properties: {
                '@type': { type: 'string', enum: [directResponse] },
                code: { type: ['string', 'integer'] },
                body: { type: 'string' },
                headers: { type: 'object', additionalProperties: { type: 'string' } },
              },
              required: ['@type'],
              additionalProperties: false,
            },
          },
        },
        additionalProperties: false,
      },
      validDuration: durationSchema('5s'),
      validUseCount: { type: 'integer', minimum: 0, maximum: 2147483647, default: 1000 },
    },
    additionalProperties: false,
  },
  validate({ status, validDuration }, report) {
    if (milliseconds(validDuration) < 0) report('validDuration', 'must not be negative');
    for (const [i, detail] of status.details.entries()) validateDetail(detail, `status.details[${i}]`, report);
    if (status.details.length > 1) report('status.details', 'has more than one answer');
  },
  open({ status: { code, message, details }, validDuration, validUseCount }) {
    const response = details.map((detail) => responseOf(detail, code))[0];
    const verdict: Verdict = {
      code,
      message,
      validForMs: milliseconds(validDuration),
      validUses: validUseCount,
      ...(response && { response }),
    };
    return { check: () => verdict, quota: () => nothing };
  },
});

function validateDetail({ code, headers = {} }: Detail, field: string, report: ReportProblem): void {
  if (statusNumber(code) === undefined)
    report(`${field}.code`, `must be an HTTP status such as 403 or Forbidden, not ${JSON.stringify(code)}`);
  for (const [name, value] of Object.entries(headers)) {
    if (!validName.test(name)) report(`${field}.headers`, `${JSON.stringify(name)} is no name of a header`);
    else if (noValue.test(value)) report(`${field}.headers`, `the value of ${name} has a control character`);
  }
}

function responseOf({ code, body = '', headers = {} }: Detail, rpcCode: number): DirectResponse {
  return { status: statusNumber(code) || httpStatusOf(rpcCode), body, headers };
}

/** The number of a status that a service can answer with; 0 where none is asked for, undefined for what is none. */
function statusNumber(code: string | number | undefined): number | undefined {
  if (code === undefined) return 0;
  const number = typeof code === 'number' || /^\d+$/.test(code) ? Number(code) : statusByName(code);
  return number === 0 || (number !== undefined && number >= 200 && number <= 599) ? number : undefined;
}

function statusByName(name: string): number | undefined {
  const found: unknown = Object.hasOwn(HttpStatusCode, name) && HttpStatusCode[name as keyof typeof HttpStatusCode];
  return typeof found === 'number' ? found : undefined;
}
