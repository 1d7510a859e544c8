import { openAdapter, settingsProblems } from '../testing/open-adapter';
import { denier } from './denier';

const instance = { name: 'denyrequest.checknothing.istio-system', template: 'checknothing', values: {} };
const directResponse = 'type.googleapis.com/istio.policy.v1beta1.DirectHttpResponse';

const check = (params: object): unknown => openAdapter(denier, params).check?.(instance);

describe('the denier', () => {
  it('S47: says no with the status that is set, as long and as often as is set', () => {
    expect(check({ status: { code: 7, message: 'Not allowed' }, valid_duration: '1.5s', validUseCount: 3 })).toEqual({
      code: 7,
      message: 'Not allowed',
      validForMs: 1500,
      validUses: 3,
    });
  });

  it('fails the precondition for 5 s and 1000 uses, with no message, where nothing is set', () => {
    expect(check({})).toEqual({ code: 9, message: '', validForMs: 5000, validUses: 1000 });
    expect(check({ status: { message: 'no' } })).toMatchObject({ code: 9, message: 'no' });
  });

  it('grants nothing of a quota', () => {
    const ask = { amount: 5, bestEffort: true, deduplicationId: 'a' };
    expect(openAdapter(denier, {}).quota?.(instance, ask)).toEqual({ amount: 0, validForMs: 0 });
  });

  it.each([
    [{ code: 'ImATeapot' }, undefined],
    [{ code: 'Continue' }, undefined],
    [{ code: 199 }, undefined],
    [{ code: '600' }, undefined],
    [{ code: 599 }, { status: 599, body: '', headers: {} }],
    [
      { code: 451, body: 'gone', headers: { 'x-why': 'law' } },
      { status: 451, body: 'gone', headers: { 'x-why': 'law' } },
    ],
    [
      { code: 'Found', headers: { location: '/' } },
      { status: 302, body: '', headers: { location: '/' } },
    ],
    [{ code: '404' }, { status: 404, body: '', headers: {} }],
    [{ body: 'no' }, { status: 403, body: 'no', headers: {} }],
    [{ code: 'Empty' }, { status: 403, body: '', headers: {} }],
  ])('answers for the application as the detail %j says', (detail, response) => {
    const params = { status: { code: 7, details: [{ '@type': directResponse, ...detail }] } };
    if (response) expect(check(params)).toMatchObject({ code: 7, response });
    else
      expect(settingsProblems(denier, params)).toEqual([
        'spec.params.status.details[0].code: must be an HTTP status such as 403 or Forbidden, not ' +
          JSON.stringify(detail.code),
      ]);
  });

  it.each(['\0', '\b', '\n', '\r', '\x1b[0m', '\x7f'])('refuses a header that has %j in its value', (text) => {
    const detail = { '@type': directResponse, headers: { a: `b${text}`, tab: 'a\tb', word: 'é' } };
    expect(settingsProblems(denier, { status: { details: [detail] } })).toEqual([
      'spec.params.status.details[0].headers: the value of a has a control character',
    ]);
  });

  it('refuses settings that it could not follow', () => {
    expect(settingsProblems(denier, { status: { code: 17 } })).toEqual([
      'spec.params.status.code: must be <= 16, not 17',
    ]);
    expect(settingsProblems(denier, { status: { details: [{ '@type': 'x' }] } })).toEqual([
      expect.stringContaining(`must be one of ${directResponse}`),
    ]);
    const detail = { '@type': directResponse, headers: { 'a b': '', c: 'd\r\ne: f' } };
    expect(settingsProblems(denier, { status: { details: [detail, detail] } })).toEqual([
      'spec.params.status.details[0].headers: "a b" is no name of a header',
      'spec.params.status.details[0].headers: the value of c has a control character',
      'spec.params.status.details[1].headers: "a b" is no name of a header',
      'spec.params.status.details[1].headers: the value of c has a control character',
      'spec.params.status.details: has more than one answer',
    ]);
    expect(settingsProblems(denier, { validDuration: '-1s' })).toEqual([
      'spec.params.validDuration: must not be negative',
    ]);
  });
});
