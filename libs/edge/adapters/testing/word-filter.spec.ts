import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, instance, openAdapter, settingsProblems } from './open-adapter';
import { wordfilter } from './word-filter';

const name = 'path.listentry.default';
const instances = [instance(name, 'listentry', { value: 'STRING' })];
const entry = (value: string): Parameters<NonNullable<ReturnType<typeof openAdapter>['check']>>[0] => ({
  name,
  template: 'listentry',
  values: { value },
});

describe('the adapter of "Writing an adapter"', () => {
  it('is the code that the guide shows, to the letter', () => {
    const guide = readFileSync(join(__dirname, '../../../../docs/mixer.md'), 'utf8');
    const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
    expect(blocks.join('\n')).toBe(readFileSync(join(__dirname, 'word-filter.ts'), 'utf8'));
  });

  it('does what the guide says of it', () => {
    const trial = environment({ instances });
    const handler = wordfilter.open({ words: ['admin', 'root'], validDuration: '10s' }, trial);
    expect(handler.check?.(entry('/shop'))).toEqual({ code: 0, message: '', validForMs: 10_000, validUses: 1000 });
    expect(handler.check?.(entry('/admin/root'))).toMatchObject({ code: 7, message: 'admin is not wanted here' });
    expect(() => handler.check?.({ ...entry(''), name: 'other' })).toThrow('other has no value');
    void handler.close?.();
    expect(trial.log.lines).toEqual([{ level: 'info', fields: { refused: 1 }, message: 'the filter is closed' }]);
    expect(openAdapter(wordfilter, { words: [] }).problems?.()).toEqual([
      { field: 'words', message: 'nothing is refused' },
    ]);
    expect(settingsProblems(wordfilter, {})).toEqual(['spec.params.words: is missing']);
    expect(settingsProblems(wordfilter, { words: [''], validDuration: '-1s' })).toEqual([
      'spec.params.words[0]: is empty',
      'spec.params.validDuration: must not be negative',
    ]);
  });
});
