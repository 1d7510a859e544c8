import { SettingsError } from '@keelson/edge/service';
import { agentSettings, optionsOf } from './settings';

const read = (argv: string[]) => optionsOf(agentSettings.read(argv, {}).values);

describe("the agent's settings", () => {
  test('describe the workload', () => {
    const options = read([
      ...[
        '--name',
        'reviews-v1',
        '--address',
        '127.1.0.3',
        '--labels',
        'app=reviews,version=v1',
        '--ports',
        'http=9080',
      ],
      ...['--pilot-address', '127.0.0.1:15012,[::1]:25012', '--role', 'router'],
    ]);
    expect(options.workload).toMatchObject({
      role: 'router',
      labels: { app: 'reviews', version: 'v1' },
      ports: { http: 9080 },
      interception: 'NONE',
    });
    expect(options.pilots).toEqual([
      { host: '127.0.0.1', port: 15012 },
      { host: '::1', port: 25012 },
    ]);
    expect(options.pilotName).toBe('istiod.istio-system.svc');
    expect(options.admin).toEqual({ host: '127.1.0.3', port: 15000 });
  });

  test("Envoy's admin interface is not opened to the network", () => {
    expect(read(['--address', '10.0.0.7']).admin.host).toBe('127.0.0.1');
    expect(read(['--address', '10.0.0.7', '--admin-address', '10.0.0.7']).admin.host).toBe('10.0.0.7');
  });

  test('several Mixers are one target, and none is none', () => {
    expect(read([]).mixer).toBeUndefined();
    expect(read(['--mixer-address', 'mixer.istio-system.svc:9091']).mixer).toBe('mixer.istio-system.svc:9091');
    const both = ['127.0.0.1:9091', '127.0.0.1:19091'];
    expect([`ipv4:${both.join(',')}`, `ipv4:${both.reverse().join(',')}`]).toContain(
      read(['--mixer-address', '127.0.0.1:9091,127.0.0.1:19091']).mixer,
    );
  });

  test.each([
    [['--address', 'reviews'], '--address: "reviews" is not an IP address'],
    [['--ports', 'http'], '--ports: "http" is not of the form name=value'],
    [['--ports', 'http=70000'], '--ports: "70000" is not a port'],
    [['--role', 'waypoint'], '--role: "waypoint" is none of sidecar, router'],
    [['--pilot-address', 'pilot'], '--pilot-address: "pilot" is not of the form host:port'],
    [['--mixer-address', 'mixer'], '--mixer-address: "mixer" is not of the form host:port'],
    [
      ['--mixer-address', 'mixer:9091,127.0.0.1:9091'],
      '--mixer-address: several Mixers are given by IP addresses of one version',
    ],
    [['--name', 'a~b'], '--name: "a~b" is not a name'],
    [['--xds-mode', 'both'], '--xds-mode: "both" is none of delta, sotw'],
  ])('%j is refused by its flag', (argv, message) => {
    expect(() => read(argv)).toThrow(new SettingsError(message));
  });
});
