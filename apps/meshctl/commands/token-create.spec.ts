import { Invocation } from '../command';
import { type HttpClient } from '../http-client';
import { tokenCreate } from './token-create';

describe('meshctl token create', () => {
  /** What is asked of Citadel by a command line with these flags. */
  async function asked(flags: Record<string, string>): Promise<unknown> {
    const given = { namespace: 'default', 'service-account': 'web', citadel: 'https://citadel:8061', output: 'json' };
    const invocation = new Invocation([], { ...given, ...flags });
    const call = jest.fn().mockResolvedValue({ id: 'a', token: 'kt1.a', expires: '' });
    jest.spyOn(invocation, 'operator').mockReturnValue({ call } as unknown as HttpClient);
    const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    await tokenCreate.run(invocation);
    written.mockRestore();
    const [[path, request]] = call.mock.calls as [[string, { method: string; body: string }]];
    expect([request.method, path]).toEqual(['POST', '/v1/tokens']);
    return JSON.parse(request.body);
  }

  it('asks for a token of one hour unless told', async () => {
    expect(await asked({})).toEqual({ namespace: 'default', serviceAccount: 'web', ttl: '1h' });
    expect(await asked({ ttl: '7d', uses: '3' })).toMatchObject({ ttl: '7d', uses: 3 });
  });

  it('asks for none with a time that is no duration', async () => {
    await expect(asked({ ttl: 'soon' })).rejects.toThrow("--ttl: 'soon' is no duration");
  });
});
