import { parseDuration, variableOf } from '@keelson/edge/service';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsOf } from '../testing/component-settings';
import { settingsOfUnit, variablesOf } from '../testing/systemd-unit';

const text = (file: string): string => readFileSync(join(__dirname, file), 'utf8');
const unit = settingsOfUnit(text('keelson-agent.service'));
const variables = variablesOf(text('agent.env'));
const valueOf = (key: string): string | undefined => unit.find((setting) => setting.key === key)?.value;

/** The sections where systemd.unit, systemd.service, systemd.exec and systemd.kill have these. */
const sections: Record<string, RegExp> = {
  Unit: /^(Description|Wants|After|StartLimitIntervalSec)$/,
  Install: /^WantedBy$/,
  Service:
    /^(Type|User|Group|EnvironmentFile|ExecStart|StateDirectory|StateDirectoryMode|UMask|LimitNOFILE|KillMode|TimeoutStopSec|Restart|RestartSec|RestartPreventExitStatus|OOMPolicy|NoNewPrivileges|CapabilityBoundingSet|AmbientCapabilities|(Protect|Private|Restrict|SystemCall)\w+|LockPersonality)$/,
};

describe('the unit of the agent', () => {
  it('sets each thing once, in the section where it belongs', () => {
    for (const { section, key } of unit)
      expect([section, key]).toEqual([section, expect.stringMatching(sections[section] ?? /^$/)]);
    const keys = unit.map(({ key }) => key);
    expect([...new Set(keys)]).toEqual(keys);
  });

  it('starts the agent with flags that it knows, and keeps its state where systemd makes the folder', async () => {
    const [node, script, ...flags] = valueOf('ExecStart')?.split(' ') ?? [];
    expect([node, script]).toEqual(['/usr/bin/node', '/opt/keelson/dist/apps/agent/main.js']);
    const { values, command } = (await settingsOf('agent')).read(flags, {});
    expect(values.dataDir).toBe(`/var/lib/${valueOf('StateDirectory') ?? ''}`);
    expect(command).toEqual([]);
    // The agent refuses a folder that others can read.
    expect(valueOf('StateDirectoryMode')).toBe('0700');
  });

  it('lets Envoy survive the agent, and gives the agent time to stop it when told to', async () => {
    expect(valueOf('KillMode')).toBe('process');
    expect(valueOf('OOMPolicy')).toBe('continue');
    const { drainDuration } = (await settingsOf('agent')).read([], variables).values;
    expect(parseDuration(valueOf('TimeoutStopSec') ?? '')).toBeGreaterThan(2_000 + Number(drainDuration) + 10_000);
  });

  it('starts it again when it failed, except by settings that nobody understands', () => {
    expect([valueOf('Restart'), valueOf('RestartPreventExitStatus'), valueOf('StartLimitIntervalSec')]).toEqual([
      'on-failure',
      '2',
      '0',
    ]);
  });

  it('runs without root, without capabilities, and with nothing to write but its state', () => {
    expect(valueOf('User')).toBe(/^u (\S+) - /m.exec(text('keelson.sysusers'))?.[1]);
    expect([valueOf('CapabilityBoundingSet'), valueOf('AmbientCapabilities')]).toEqual(['', '']);
    expect([valueOf('NoNewPrivileges'), valueOf('ProtectSystem'), valueOf('PrivateTmp')]).toEqual([
      'yes',
      'strict',
      'yes',
    ]);
    // Node compiles code at run time.
    expect(valueOf('MemoryDenyWriteExecute')).toBeUndefined();
  });
});

describe('the example of its environment', () => {
  it('has variables that the agent knows, with values that it takes', async () => {
    const agent = await settingsOf('agent');
    const known = new Set(Object.keys(agent.declarations).map(variableOf));
    expect(Object.keys(variables).filter((name) => !known.has(name))).toEqual([]);
    expect(agent.read([], variables).values).toMatchObject({
      pilotAddress: ['istiod.istio-system.svc:15012'],
      mixerAddress: ['mixer.istio-system.svc:9091'],
      labels: ['app=web', 'version=v1'],
      ports: ['http=8000'],
    });
  });
});
