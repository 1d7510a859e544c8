import { exitCodes, Failure, usageError } from '../exit';
import { durationOf } from '../duration';
import { print } from '../output';
import type { Command } from '../command';

interface Token {
  id: string;
  token: string;
  expires: string;
}

export const tokenCreate: Command = {
  name: 'token create',
  usage: '--namespace NS --service-account SA [--uses 1] [--ttl 1h]',
  help: 'Make a join token, by which a workload gets its first certificate.',
  options: {
    namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'the namespace of the workload' },
    'service-account': { type: 'string', value: 'NAME', help: 'the service account of the workload' },
    uses: { type: 'string', value: 'COUNT', help: 'how often the token can be used; 1 unless told' },
    ttl: { type: 'string', value: 'DURATION', help: 'how long the token can be used; 1h unless told' },
    citadel: { type: 'string', value: 'URL', help: "Citadel's admin address, in place of the context's" },
  },
  async run(invocation) {
    const uses = invocation.text('uses');
    if (uses !== undefined && !/^[1-9]\d{0,8}$/.test(uses)) throw usageError(`--uses: '${uses}' is no count`);
    // Citadel's own default is longer: a person makes a token to use it at once.
    const ttl = invocation.text('ttl') ?? '1h';
    durationOf('--ttl', ttl);
    const request = {
      namespace: invocation.required('namespace'),
      serviceAccount: invocation.required('service-account'),
      ...(uses !== undefined && { uses: Number(uses) }),
      ttl,
    };
    const address = invocation.text('citadel') ?? invocation.context.citadel;
    if (address === undefined) throw new Failure("the context names no 'citadel'; give --citadel https://host:8061");
    const token = (await invocation.operator(address).call('/v1/tokens', {
      method: 'POST',
      body: JSON.stringify(request),
      headers: { 'content-type': 'application/json' },
    })) as Token;
    print(invocation.output, token, () => token.token);
    return exitCodes.done;
  },
};
