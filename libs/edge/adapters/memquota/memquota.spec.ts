import type { Int64, Value } from '@keelson/core/attributes';
import type { Grant, Handler, InstanceTypes } from '@keelson/core/policy';
import { instance, openAdapter, settingsProblems, TestClock } from '../testing/open-adapter';
import { memquotaAdapter } from './memquota';
import { QuotaMemory } from './quota-memory';

const memquota = memquotaAdapter(new QuotaMemory());
const name = 'requestcount.quota.istio-system';
const types: InstanceTypes = { dimensions: { source: 'STRING', code: 'INT64', ip: 'IP_ADDRESS' } };

interface Ask {
  amount?: Int64;
  bestEffort?: boolean;
  id?: string;
  dimensions?: Record<string, Value>;
}

class Trial {
  readonly clock = new TestClock();
  readonly handler: Handler;
  #ids = 0;

  constructor(quota: object, params: object = {}) {
    this.handler = openAdapter(
      memquotaAdapter(new QuotaMemory()),
      { quotas: [{ name, ...quota }], ...params },
      { instances: [instance(name, 'quota', types)], clock: this.clock },
    );
  }

  ask({ amount = 1, bestEffort = false, id = `own-${this.#ids++}`, dimensions }: Ask = {}): Grant {
    const values = { dimensions: { source: 'a', code: 200, ip: Uint8Array.of(10, 0, 0, 1), ...dimensions } };
    const given = this.handler.quota?.(
      { name, template: 'quota', values },
      { amount, bestEffort, deduplicationId: id },
    );
    return given as Grant;
  }
}

describe('memquota', () => {
  it('S41: grants an amount, refuses what is more than is left, and grants again when it came back', () => {
    const trial = new Trial({ maxAmount: 10, validDuration: '60s' });
    expect(trial.ask({ amount: 10 })).toEqual({ amount: 10, validForMs: 60_000 });
    trial.clock.move(1_000);
    expect(trial.ask({ amount: 1 })).toEqual({ amount: 0, validForMs: 0 });
    trial.clock.move(58_900);
    expect(trial.ask({ amount: 10 })).toEqual({ amount: 0, validForMs: 0 });
    trial.clock.move(100);
    expect(trial.ask({ amount: 10 })).toEqual({ amount: 10, validForMs: 60_000 });
  });

  it('S41: grants what is left where less is welcome', () => {
    const trial = new Trial({ maxAmount: 10, validDuration: '1s' });
    expect(trial.ask({ amount: 7 }).amount).toBe(7);
    expect(trial.ask({ amount: 100, bestEffort: true })).toEqual({ amount: 3, validForMs: 1000 });
    expect(trial.ask({ amount: 100, bestEffort: true }).amount).toBe(0);
  });

  it('S41: rolls: what was taken in one slot comes back on its own', () => {
    const trial = new Trial({ maxAmount: 10, validDuration: '1s' });
    trial.ask({ amount: 6 });
    trial.clock.move(500);
    trial.ask({ amount: 4 });
    trial.clock.move(500);
    expect(trial.ask({ amount: 7 }).amount).toBe(0);
    expect(trial.ask({ amount: 6 }).amount).toBe(6);
  });

  it('honours a duration of less than a second', () => {
    const trial = new Trial({ maxAmount: 1, validDuration: '200ms' });
    trial.ask();
    trial.clock.move(100);
    expect(trial.ask().amount).toBe(0);
    trial.clock.move(100);
    expect(trial.ask().amount).toBe(1);
  });

  it('S41: repeats the first answer for an id, for one to two periods', () => {
    const trial = new Trial({ maxAmount: 3, validDuration: '60s' }, { minDeduplicationDuration: '2s' });
    expect(trial.ask({ amount: 2, id: 'x' })).toEqual({ amount: 2, validForMs: 60_000 });
    trial.clock.move(2_000);
    expect(trial.ask({ amount: 2, id: 'x' })).toEqual({ amount: 2, validForMs: 58_000 });
    trial.clock.move(2_000);
    expect(trial.ask({ amount: 2, id: 'x' })).toEqual({ amount: 0, validForMs: 0 });
  });

  it('S41: remembers refusals by their id too, and nothing without one', () => {
    const trial = new Trial({ maxAmount: 1, validDuration: '1s' }, { minDeduplicationDuration: '10s' });
    expect(trial.ask({ amount: 2, id: 'x' }).amount).toBe(0);
    expect(trial.ask({ amount: 1, id: 'x' }).amount).toBe(0);
    expect(trial.ask({ amount: 1, id: '' }).amount).toBe(1);
    expect(trial.ask({ amount: 1, id: '' }).amount).toBe(0);
  });

  it('S41: never lets go by itself of a quota without a duration, and takes back what is released', () => {
    const trial = new Trial({ maxAmount: 10 });
    expect(trial.ask({ amount: 8 })).toEqual({ amount: 8, validForMs: 0 });
    trial.clock.move(1e9);
    expect(trial.ask({ amount: 3 }).amount).toBe(0);
    expect(trial.ask({ amount: -5 })).toEqual({ amount: 5, validForMs: 0 });
    expect(trial.ask({ amount: 3 }).amount).toBe(3);
    expect(trial.ask({ amount: -100 }).amount).toBe(6);
    expect(trial.ask({ amount: 0 }).amount).toBe(0);
  });

  it('releases from a rolling window too', () => {
    const trial = new Trial({ maxAmount: 10, validDuration: '60s' });
    trial.ask({ amount: 10 });
    expect(trial.ask({ amount: -4 }).amount).toBe(4);
    expect(trial.ask({ amount: 5, bestEffort: true }).amount).toBe(4);
  });

  it('counts each set of dimensions by itself, by type and text', () => {
    const trial = new Trial({ maxAmount: 1, validDuration: '1s' });
    expect(trial.ask().amount).toBe(1);
    expect(trial.ask().amount).toBe(0);
    expect(trial.ask({ dimensions: { source: 'b' } }).amount).toBe(1);
    expect(trial.ask({ dimensions: { code: 404 } }).amount).toBe(1);
    expect(trial.ask({ dimensions: { ip: Uint8Array.of(10, 0, 0, 2) } }).amount).toBe(1);
    expect(trial.ask({ dimensions: { ip: Uint8Array.of(10, 0, 0, 1) } }).amount).toBe(0);
  });

  it('takes the first override whose dimensions all match, by their text', () => {
    const trial = new Trial({
      maxAmount: 1,
      validDuration: '1s',
      overrides: [
        { dimensions: { source: 'a', code: '500' }, maxAmount: 2, validDuration: '1s' },
        { dimensions: { ip: '10.0.0.9' }, max_amount: '3', valid_duration: '2s' },
        { dimensions: { source: 'a' }, maxAmount: 4, validDuration: '1s' },
      ],
    });
    const most = (dimensions: Record<string, Value>): Grant => trial.ask({ amount: 100, bestEffort: true, dimensions });
    expect(most({ code: 500 })).toEqual({ amount: 2, validForMs: 1000 });
    expect(most({ source: 'b', ip: Uint8Array.of(10, 0, 0, 9) })).toEqual({ amount: 3, validForMs: 2000 });
    expect(most({ code: 404 }).amount).toBe(4);
    expect(most({ source: 'c' }).amount).toBe(1);
  });

  it('an override without dimensions is for everybody', () => {
    const trial = new Trial({ maxAmount: 1, validDuration: '1s', overrides: [{ maxAmount: 5, validDuration: '1s' }] });
    expect(trial.ask({ amount: 5 }).amount).toBe(5);
  });

  it('counts to the end of 64 bits', () => {
    const trial = new Trial({ maxAmount: '9223372036854775807' });
    expect(trial.ask({ amount: 9223372036854775000n }).amount).toBe(9223372036854775000n);
    expect(trial.ask({ amount: 1000 }).amount).toBe(0);
    expect(trial.ask({ amount: 1000, bestEffort: true }).amount).toBe(807);
    expect(trial.ask({ amount: -(2n ** 63n) }).amount).toBe(9223372036854775807n);
  });

  it('tells of an instance that no quota names, fails its quota, and serves the others', () => {
    const other = 'other.quota.default';
    const handler = openAdapter(
      memquota,
      { quotas: [{ name, maxAmount: 1, overrides: [{ dimensions: { user: 'a' } }] }] },
      { instances: [instance(name, 'quota', types), instance(other, 'quota', {})] },
    );
    expect(handler.problems?.()).toEqual([
      {
        field: 'quotas[0].overrides[0].dimensions',
        message: `never matches: ${name} has no dimension user`,
      },
      { field: 'quotas', message: `no quota is named ${other}` },
    ]);
    const ask = { amount: 1, bestEffort: false, deduplicationId: 'a' };
    expect(() => handler.quota?.({ name: other, template: 'quota', values: {} }, ask)).toThrow(
      `no quota is named ${other}`,
    );
    const values = { dimensions: { source: 'a', code: 1, ip: Uint8Array.of(1, 2, 3, 4) } };
    expect(handler.quota?.({ name, template: 'quota', values }, ask)).toMatchObject({ amount: 1 });
  });

  it('refuses settings that make no sense', () => {
    const quota = { name, maxAmount: 1 };
    expect(
      settingsProblems(memquota, {
        minDeduplicationDuration: '0s',
        quotas: [quota, { ...quota, validDuration: '-1s', overrides: [{ validDuration: '-1s' }] }, { name: '' }],
      }),
    ).toEqual([
      'spec.params.minDeduplicationDuration: must be above 0',
      `spec.params.quotas[1].name: there is another quota for ${name}`,
      'spec.params.quotas[1].validDuration: is negative',
      'spec.params.quotas[1].overrides[0].validDuration: is negative',
      'spec.params.quotas[2].name: is empty',
    ]);
    expect(settingsProblems(memquota, { quotas: [{ maxAmount: -1 }] })).toEqual([
      'spec.params.quotas[0].name: is missing',
      'spec.params.quotas[0].maxAmount: must be >= 0, not -1',
    ]);
    expect(settingsProblems(memquota, { quotas: [{ name, maxAmount: 'many' }] })).toEqual([
      'spec.params.quotas[0].maxAmount: must be a whole number, not "many"',
    ]);
  });
});
