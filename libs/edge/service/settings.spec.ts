import { formatDuration, parseDuration, settings, SettingsError } from './settings';

const spec = settings({
  dataDir: { type: 'string', default: '.keelson', help: 'Where state is kept.' },
  grpcPort: { type: 'number', default: 8060, help: 'The port.' },
  insecure: { type: 'boolean', help: 'Plaintext.' },
  workloadCertTtl: { type: 'duration', default: '24h', help: 'Lifetime.' },
  tlsNames: { type: 'list', default: ['a', 'b'], help: 'Names.' },
});

describe('settings', () => {
  it('takes the flag before the environment before the default', () => {
    expect(spec.read([], {}).values).toEqual({
      dataDir: '.keelson',
      grpcPort: 8060,
      insecure: false,
      workloadCertTtl: 86_400_000,
      tlsNames: ['a', 'b'],
    });
    const env = { KEELSON_DATA_DIR: '/env', KEELSON_GRPC_PORT: '1', KEELSON_INSECURE: 'true' };
    const { values } = spec.read(['--data-dir', '/flag', '--tls-names=x, y', '--workload-cert-ttl', '1m30s'], env);
    expect(values).toEqual({
      dataDir: '/flag',
      grpcPort: 1,
      insecure: true,
      workloadCertTtl: 90_000,
      tlsNames: ['x', 'y'],
    });
  });

  it('keeps the words after -- apart', () => {
    const reading = spec.read(['--insecure', '--', 'node', '--insecure=no'], {});
    expect(reading.command).toEqual(['node', '--insecure=no']);
    expect(reading.values.insecure).toBe(true);
  });

  it.each([
    [['--nope'], 'unknown flag --nope'],
    [['stray'], 'unexpected argument "stray"'],
    [['--data-dir'], '--data-dir needs a value'],
    [['--grpc-port', '70000'], '--grpc-port: "70000" is not a port'],
    [['--grpc-port', '1e3'], '--grpc-port: "1e3" is not a port'],
    [['--workload-cert-ttl', '5'], 'is not a duration'],
    [['--insecure=maybe'], '--insecure: "maybe" is not true or false'],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => spec.read(argv, {})).toThrow(SettingsError);
    expect(() => spec.read(argv, {})).toThrow(message);
  });

  it('names the variable when the environment is wrong', () => {
    expect(() => spec.read([], { KEELSON_GRPC_PORT: 'x' })).toThrow('KEELSON_GRPC_PORT: "x"');
  });

  it('lists every flag with its default and its variable', () => {
    const help = spec.help('citadel');
    for (const part of [
      '--data-dir <string>',
      '[default: .keelson]',
      'KEELSON_DATA_DIR',
      '[default: 1d]',
      '[default: a,b]',
    ])
      expect(help).toContain(part);
  });

  it('reads durations as they are written', () => {
    expect(['0', '250ms', '1.5s', '2m', '24h', '7d'].map(parseDuration)).toEqual([
      0, 250, 1500, 120_000, 86_400_000, 604_800_000,
    ]);
    expect(['', '5', '-1s', '1y', 's', '1s '].map(parseDuration)).toEqual(Array(6).fill(undefined));
    expect([0, 250, 90_000, 86_400_000].map(formatDuration)).toEqual(['0ms', '250ms', '90s', '1d']);
  });
});
