import { OptionsError, readOptions } from './options';
import { meshChange } from './pilot/mesh-documents';

describe('the options of npm run bench', () => {
  it('takes the meshes that the anchors are of', () => {
    const { meshes } = readOptions(['--mesh', '100x20, 2000x400']).scope;
    expect(meshes).toEqual([
      { services: 100, proxies: 20 },
      { services: 2000, proxies: 400 },
    ]);
  });

  it.each([
    [['--mesh', '65001x1'], 'a mesh has 65,000 services at most'],
    [['--mesh', '100x20,5000x1000'], '"5000x1000" is too large: services times proxies may be 1,000,000 at most'],
    [['--mesh', '1x1'], 'of 2 services at least'],
    [['--seconds', '61'], 'is not a number from 0.1 to 60'],
  ])('refuses %j', (args, said) => {
    expect(() => readOptions(args)).toThrow(OptionsError);
    expect(() => readOptions(args)).toThrow(said);
  });

  it('makes no address that is none, whatever mesh it takes', () => {
    expect(() => readOptions(['--mesh', '65000x15'])).not.toThrow();
    expect(meshChange('service', 60, 65_000).document).not.toMatch(/\b(?:25[6-9]|2[6-9]\d|[3-9]\d\d)\.\d/);
  });
});
