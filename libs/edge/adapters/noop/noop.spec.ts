import { openAdapter } from '../testing/open-adapter';
import { noop } from './noop';

describe('noop', () => {
  it('takes every template', () => {
    expect([...noop.templates].sort()).toEqual([
      'apikey',
      'authorization',
      'checknothing',
      'edge',
      'listentry',
      'logentry',
      'metric',
      'quota',
      'reportnothing',
      'tracespan',
    ]);
  });

  it('says yes to a check, grants a quota whole, and takes a report', async () => {
    const handler = openAdapter(noop, {});
    const instance = { name: 'a.quota.default', template: 'quota', values: {} };
    expect(await handler.check?.(instance)).toMatchObject({ code: 0, message: '' });
    const ask = { amount: 12n ** 18n, bestEffort: false, deduplicationId: '' };
    expect(await handler.quota?.(instance, ask)).toMatchObject({ amount: 12n ** 18n });
    const { report = () => 'it takes none' } = handler;
    expect(await report([instance])).toBeUndefined();
  });
});
