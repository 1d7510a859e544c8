import { Secret } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/secret';
import type { DeltaDiscoveryResponse, DiscoveryResponse } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { credentialOf } from './credential-files';
import { BadSecretRequest, DeltaStream, StateStream } from './secret-streams';
import { secretTypeUrl, SecretTable } from './secret-table';

function setup() {
  const table = new SecretTable();
  const refused: { names: readonly string[]; reason: string }[] = [];
  const waiting: string[] = [];
  const events = {
    refused: (names: readonly string[], reason: string) => void refused.push({ names, reason }),
    waiting: (name: string) => void waiting.push(name),
  };
  const states: DiscoveryResponse[] = [];
  const deltas: DeltaDiscoveryResponse[] = [];
  const state = new StateStream(table, events, (response) => void states.push(response));
  const delta = new DeltaStream(table, events, (response) => void deltas.push(response));
  table.put('default', { chain: 'chain 1', key: 'key 1' });
  table.put('ROOTCA', { roots: 'roots 1' });
  return { table, refused, waiting, states, deltas, state, delta };
}

const chainOf = (body: Uint8Array | undefined): string => {
  const secret = Secret.decode(body ?? new Uint8Array());
  if (secret.type?.$case !== 'tlsCertificate') throw new Error('not a certificate');
  const source = secret.type.value.certificateChain?.specifier;
  return source?.$case === 'inlineBytes' ? Buffer.from(source.value).toString() : '';
};

describe('S32 secrets, state of the world', () => {
  test('a secret is answered, and sent again when it is renewed', () => {
    const { table, states, state } = setup();
    state.receive({ typeUrl: secretTypeUrl, resourceNames: ['default'] });
    expect(states).toHaveLength(1);
    expect(chainOf(states[0]?.resources?.[0]?.value)).toBe('chain 1');
    state.receive({ resourceNames: ['default'], responseNonce: '1', versionInfo: states[0]!.versionInfo });
    expect(states).toHaveLength(1);
    table.put('default', { chain: 'chain 1', key: 'key 1' });
    table.put('ROOTCA', { roots: 'roots 2' });
    expect(states).toHaveLength(1);
    table.put('default', { chain: 'chain 2', key: 'key 2' });
    expect(states).toHaveLength(2);
    expect(chainOf(states[1]?.resources?.[0]?.value)).toBe('chain 2');
    expect(states[1]?.versionInfo).not.toBe(states[0]?.versionInfo);
  });

  test('an unknown secret is not answered with nothing, and is answered when it is there', () => {
    const { table, states, state, waiting } = setup();
    state.receive({ resourceNames: ['credential://default/web'] });
    expect(states).toEqual([]);
    expect(waiting).toEqual(['credential://default/web']);
    expect(table.wantedNames()).toEqual(['credential://default/web']);
    table.put('credential://default/web', { chain: 'c', key: 'k' });
    expect(states).toHaveLength(1);
  });

  test('a refusal is told and nothing is resent until there is something new', () => {
    const { table, states, state, refused } = setup();
    state.receive({ resourceNames: ['default'] });
    state.receive({ resourceNames: ['default'], responseNonce: '1', errorDetail: { code: 13, message: 'bad key' } });
    expect(refused).toEqual([{ names: ['default'], reason: 'bad key' }]);
    expect(states).toHaveLength(1);
    table.put('default', { chain: 'chain 2', key: 'key 2' });
    expect(states).toHaveLength(2);
  });

  test('an answer to an older response is ignored', () => {
    const { table, states, state, refused } = setup();
    state.receive({ resourceNames: ['default'] });
    table.put('default', { chain: 'chain 2', key: 'key 2' });
    state.receive({
      resourceNames: ['default', 'ROOTCA'],
      responseNonce: '1',
      errorDetail: { code: 13, message: 'x' },
    });
    expect(refused).toEqual([]);
    expect(states).toHaveLength(2);
    state.receive({ resourceNames: ['default', 'ROOTCA'], responseNonce: '2' });
    expect(states[2]?.resources).toHaveLength(2);
  });

  test('a name that is not asked for any more is not followed', () => {
    const { table, states, state } = setup();
    state.receive({ resourceNames: ['default', 'ROOTCA'] });
    state.receive({ resourceNames: ['ROOTCA'], responseNonce: '1' });
    table.put('default', { chain: 'chain 2', key: 'key 2' });
    expect(states).toHaveLength(1);
    expect(table.wantedNames()).toEqual(['ROOTCA']);
    state.close();
    expect(table.wantedNames()).toEqual([]);
    table.put('ROOTCA', { roots: 'roots 2' });
    expect(states).toHaveLength(1);
  });
});

describe('S32 secrets, delta', () => {
  test('only what changed is sent; a name asked for again is answered again', () => {
    const { table, deltas, delta } = setup();
    delta.receive({ typeUrl: secretTypeUrl, resourceNamesSubscribe: ['default', 'ROOTCA', 'credential://a/b'] });
    expect(deltas[0]?.resources?.map(({ name }) => name)).toEqual(['default', 'ROOTCA']);
    delta.receive({ responseNonce: '1' });
    table.put('ROOTCA', { roots: 'roots 2' });
    expect(deltas[1]?.resources?.map(({ name }) => name)).toEqual(['ROOTCA']);
    delta.receive({ resourceNamesSubscribe: ['default'] });
    expect(deltas[2]?.resources?.map(({ name }) => name)).toEqual(['default']);
    delta.receive({ resourceNamesUnsubscribe: ['default'] });
    table.put('default', { chain: 'chain 2', key: 'key 2' });
    expect(deltas).toHaveLength(3);
  });

  test('a refusal names the secrets of that response', () => {
    const { table, delta, refused } = setup();
    delta.receive({ resourceNamesSubscribe: ['default'] });
    table.put('ROOTCA', { roots: 'roots 2' });
    delta.receive({ responseNonce: '1', errorDetail: { code: 13, message: 'no' } });
    expect(refused).toEqual([{ names: ['default'], reason: 'no' }]);
  });

  test('another type, or names without end, end the stream', () => {
    const { delta, state } = setup();
    expect(() => {
      delta.receive({ typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster' });
    }).toThrow(BadSecretRequest);
    expect(() => {
      state.receive({ resourceNames: Array.from({ length: 1_001 }, (_, at) => `credential://a/${at}`) });
    }).toThrow(BadSecretRequest);
  });
});

describe('names of credentials', () => {
  test.each([
    ['credential://default/web', { namespace: 'default', name: 'web', roots: false }],
    ['credential://default/web-cacert', { namespace: 'default', name: 'web', roots: true }],
    ['credential://default/a.example', { namespace: 'default', name: 'a.example', roots: false }],
  ])('%s', (name, expected) => {
    expect(credentialOf(name)).toEqual(expected);
  });

  test.each([
    'credential://../web',
    'credential://a/../b',
    'credential://a/b..c',
    'credential://a',
    'default',
    'credential:///b',
  ])('%s is none', (name) => {
    expect(credentialOf(name)).toBeUndefined();
  });
});
