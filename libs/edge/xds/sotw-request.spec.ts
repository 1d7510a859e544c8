import { DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';

import { splitRequest } from './sotw-request';

describe('splitting a request', () => {
  it('leaves names that do not stand together to the decoder', () => {
    const part = (fields: DiscoveryRequest) => DiscoveryRequest.encode(fields).finish();
    const bytes = Buffer.concat([
      part({ resourceNames: ['a'] }),
      part({ typeUrl: 't' }),
      part({ resourceNames: ['b'] }),
    ]);
    expect(splitRequest(bytes)).toMatchObject({ request: { resourceNames: ['a', 'b'] }, names: undefined });
  });
});
