import { kindNamed, pathOf } from './kinds';

describe('names of kinds', () => {
  it.each(['vs', 'virtualservice', 'VirtualService', 'virtualservices', 'virtualservices.networking.istio.io'])(
    '%s is VirtualService',
    (name) => {
      expect(kindNamed(name).kind).toBe('VirtualService');
    },
  );

  it.each([
    ['dr', 'DestinationRule'],
    ['gw', 'Gateway'],
    ['se', 'ServiceEntry'],
    ['we', 'WorkloadEntry'],
    ['pa', 'PeerAuthentication'],
    ['ap', 'AuthorizationPolicy'],
  ])('%s is %s', (name, kind) => {
    expect(kindNamed(name).kind).toBe(kind);
  });

  it('lists what there is when a name is unknown', () => {
    expect(() => kindNamed('pods')).toThrow(/no kind 'pods'.*virtualservices/);
    expect(() => kindNamed('virtualservice.example.com')).toThrow(/no kind/);
  });

  it('makes the paths of the API', () => {
    expect(pathOf(kindNamed('vs'), 'shop', 'cart')).toBe(
      '/apis/networking.istio.io/v1/namespaces/shop/virtualservices/cart',
    );
    expect(pathOf(kindNamed('vs'), undefined)).toBe('/apis/networking.istio.io/v1/virtualservices');
  });
});
