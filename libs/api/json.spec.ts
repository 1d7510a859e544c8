import { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import { binaryToJson, jsonToBinary, JsonFieldError } from '.';

const type = 'istio.networking.v1alpha3.VirtualService';

describe('JSON of configuration', () => {
  it('reads durations as Istio users write them', () => {
    const bytes = jsonToBinary(type, { hosts: ['a'], http: [{ timeout: '1m30.5s' }] });
    expect(VirtualService.decode(bytes).http?.[0]?.timeout).toEqual({ seconds: 90, nanos: 500_000_000 });
    expect(binaryToJson(type, bytes)).toEqual({ hosts: ['a'], http: [{ timeout: '90.500s' }] });
  });

  it('names the field of a duration that is none', () => {
    expect(() => jsonToBinary(type, { http: [{}, { fault: { delay: { fixedDelay: 'soon' } } }] })).toThrow(
      new JsonFieldError('http[1].fault.delay.fixedDelay', '"soon" is not a duration, such as "10s" or "1m30s"'),
    );
  });

  it('keeps oneofs as a tagged value', () => {
    const bytes = jsonToBinary(type, { http: [{ match: [{ uri: { prefix: '/a' } }] }] });
    expect(VirtualService.decode(bytes).http?.[0]?.match?.[0]?.uri?.matchType).toEqual({
      $case: 'prefix',
      value: '/a',
    });
  });
});
