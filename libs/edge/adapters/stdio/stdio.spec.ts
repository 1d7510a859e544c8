import type { Instance } from '@keelson/core/policy';
import { Writable } from 'node:stream';
import { instance, openAdapter, settingsProblems } from '../testing/open-adapter';
import { stdioAdapter } from './stdio';

const name = 'accesslog.logentry.istio-system';
const metricName = 'requestcount.metric.istio-system';
const instances = [
  instance(name, 'logentry', { severity: 'STRING', timestamp: 'TIMESTAMP', variables: { user: 'STRING' } }),
  instance(metricName, 'metric', { value: 'INT64', dimensions: { code: 'INT64' } }),
];

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  lines(): unknown[] {
    return this.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]));
  }
}

function entry(severity?: string, user = 'u', timestamp = { seconds: 0, nanos: 0 }): Instance {
  const values = { ...(severity !== undefined && { severity }), timestamp, variables: { user } };
  return { name, template: 'logentry', values };
}

const count: Instance = { name: metricName, template: 'metric', values: { value: 5, dimensions: { code: 200 } } };

describe('the stdio adapter', () => {
  const stdout = new Sink();
  const stderr = new Sink();
  const adapter = stdioAdapter({ stdout, stderr, wallClock: () => Date.UTC(2020, 0, 2) + 0.5 });

  async function written(params: object, ...reported: Instance[]): Promise<void> {
    stdout.text = stderr.text = '';
    const handler = openAdapter(adapter, params, { instances });
    await handler.report?.(reported);
    await handler.close?.();
  }

  it('S45: writes entries and metrics to the output of the process as JSON', async () => {
    await written({}, entry('Default'), count);
    expect(stdout.lines()).toEqual([
      { level: 'info', time: '1970-01-01T00:00:00.000000Z', instance: name, user: 'u' },
      { level: 'info', time: '2020-01-02T00:00:00.000500Z', instance: metricName, value: 5, code: 200 },
    ]);
    expect(stderr.text).toBe('');
  });

  it('S45: writes to the error output, as text', async () => {
    await written({ logStream: 'STDERR', outputAsJson: false }, entry('ERR'));
    expect(stderr.text).toBe(`1970-01-01T00:00:00.000000Z\terror\t${name}\t{"user": "u"}\n`);
  });

  it('S45: gives severities their levels, the usual ones and those that are set', async () => {
    const params = { severity_levels: { Bad: 'ERROR', info: 'WARNING' } };
    const severities = ['info', 'INFO', 'warn', 'fatal', 'Bad', 'toString', undefined];
    await written(params, ...severities.map((severity) => entry(severity)));
    expect(stdout.lines().map((line) => (line as { level: string }).level)).toEqual([
      'warn',
      'info',
      'warn',
      'error',
      'error',
      'info',
      'info',
    ]);
  });

  it('S45: leaves out what is below the level of output', async () => {
    await written({ outputLevel: 'WARNING' }, entry('info'), entry('warn'), entry('error'), count);
    expect(stdout.lines()).toHaveLength(2);
    await written({ outputLevel: 'ERROR', metricLevel: 'ERROR' }, entry('warn'), count);
    expect(stdout.lines()).toEqual([expect.objectContaining({ level: 'error', value: 5 })]);
  });

  it('has the time of now where an entry has none', async () => {
    await written({}, { name, template: 'logentry', values: { variables: { user: 'u' } } });
    expect(stdout.lines()).toEqual([expect.objectContaining({ time: '2020-01-02T00:00:00.000500Z' })]);
  });

  it('S45: shares a stream among handlers, in the order of what they report', async () => {
    stdout.text = '';
    const handlers = [{}, { outputLevel: 'ERROR' }].map((params) => openAdapter(adapter, params, { instances }));
    for (let i = 0; i < 10; i++) await handlers[i % 2]?.report?.([entry('error', String(i))]);
    await handlers[0]?.close?.();
    await handlers[1]?.report?.([entry('error', '10')]);
    await handlers[1]?.close?.();
    expect(stdout.lines().map((line) => (line as { user: string }).user)).toEqual(
      Array.from({ length: 11 }, (_, i) => String(i)),
    );
  });

  it('S45: outlives a stream whose reader has gone', async () => {
    const broken = new Writable({
      write: (_, __, done) => {
        done(new Error('EPIPE'));
      },
    });
    const handler = openAdapter(stdioAdapter({ stdout: broken, stderr, wallClock: Date.now }), {}, { instances });
    await handler.report?.([count]);
    await new Promise((resolve) => broken.once('close', resolve));
    await new Promise(setImmediate);
    expect(handler.problems?.()).toEqual([{ field: 'outputPath', message: 'cannot be written to: EPIPE' }]);
    await handler.close?.();
  });

  it('refuses settings that say nothing, or two things', () => {
    expect(settingsProblems(adapter, { logStream: 'FILE' })).toEqual(['spec.params.outputPath: is needed for FILE']);
    expect(settingsProblems(adapter, { outputPath: '/tmp/x' })).toEqual([
      'spec.params.outputPath: is of no use for STDOUT',
    ]);
    expect(settingsProblems(adapter, { severityLevels: { a: 'DEBUG' } })).toEqual([
      'spec.params.severityLevels.a: must be one of INFO, WARNING, ERROR, not "DEBUG"',
    ]);
    expect(settingsProblems(adapter, { maxRotatedFiles: -1 })).toHaveLength(1);
  });
});
