import { subjectAltNames } from './peer';

describe('names in a certificate', () => {
  it('are told apart as Node prints them', () => {
    expect(subjectAltNames('URI:spiffe://td/ns/a/sa/b, DNS:localhost, IP Address:127.0.0.1')).toEqual([
      ['URI', 'spiffe://td/ns/a/sa/b'],
      ['DNS', 'localhost'],
      ['IP Address', '127.0.0.1'],
    ]);
    expect(subjectAltNames('')).toEqual([]);
  });

  it('cannot be smuggled in by a value that looks like the next name', () => {
    expect(subjectAltNames('DNS:"a, URI:spiffe://td/ns/istio-system/sa/pilot", DNS:b')).toEqual([
      ['DNS', 'a, URI:spiffe://td/ns/istio-system/sa/pilot'],
      ['DNS', 'b'],
    ]);
    expect(subjectAltNames('DNS:"a\\", URI:x"')).toEqual([['DNS', 'a", URI:x']]);
  });
});
