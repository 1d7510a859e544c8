import { Agent, request } from 'node:https';
import { createLog, HttpServer, SettableIdentity } from '@keelson/edge/service';
import { TrialAuthority } from '@keelson/edge/service/testing';
import { commitIdOf, OperatorRoutes, type OperatorRequest } from './operators';

const operatorId = 'spiffe://cluster.local/ns/istio-system/sa/operator';

describe('S30 who may use the API', () => {
  const authority = new TrialAuthority();
  const server = new HttpServer({ log: createLog('test', 'silent') });
  let port = 0;

  beforeAll(async () => {
    new OperatorRoutes(server, operatorId).route('GET', '/v1/who', ({ operator }) => ({ status: 200, body: operator }));
    port = await server.listen({
      host: '127.0.0.1',
      port: 0,
      tls: new SettableIdentity(authority.material('istio-system/galley')),
      clientCert: 'optional',
    });
  });
  afterAll(() => server.stop(0));

  /** Status and body, as the holder of these credentials gets them. */
  function ask(credentials: { key?: string; cert?: string }): Promise<{ status: number; body: string }> {
    const agent = new Agent({ ca: authority.rootPem, ...credentials });
    return new Promise((resolve, reject) => {
      const sent = request(`https://127.0.0.1:${port}/v1/who`, { agent }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          agent.destroy();
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  const holder = (from: TrialAuthority, identity: string): { key: string; cert: string } => {
    const { key, chain } = from.material(identity);
    return { key, cert: chain };
  };

  it('an operator', async () => {
    expect(await ask(holder(authority, 'istio-system/operator'))).toMatchObject({ status: 200, body: operatorId });
  });

  it('nobody without a certificate', async () => {
    const { status, body } = await ask({});
    expect([status, body]).toEqual([401, expect.stringContaining('unauthenticated') as string]);
  });

  it.each([
    ['a component', 'istio-system/pilot'],
    ['an operator of another namespace', 'shop/operator'],
  ])('not %s', async (_, identity) => {
    expect((await ask(holder(authority, identity))).status).toBe(403);
  });

  it('not the operator of another root', async () => {
    expect((await ask(holder(new TrialAuthority(), 'istio-system/operator'))).status).toBe(401);
  });
});

describe('the id of a commit by its key', () => {
  const of = (operator: string, key?: string | string[], digest = 'f'.repeat(64)): string | undefined =>
    commitIdOf({ operator, headers: { 'idempotency-key': key } } as unknown as OperatorRequest, () => digest);

  it('is one for a key of one operator and what is asked for, in the form of a UUID', () => {
    expect(of('ann', 'k')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-bf{3}-f{12}$/);
    expect(of('ann', 'k')).toBe(of('ann', 'k'));
    expect(of('ann', 'k')).not.toBe(of('bob', 'k'));
    expect(of('ann', 'k', 'e'.repeat(64))).not.toBe(of('ann', 'k'));
    expect(of('ann', 'k', 'e'.repeat(64))!.slice(0, 18)).toBe(of('ann', 'k')!.slice(0, 18));
    expect(of('ann')).toBeUndefined();
  });

  it.each([[''], ['x'.repeat(256)]])('is refused for %j', (key) => {
    expect(() => of('ann', key)).toThrow('1 to 255');
  });
});
