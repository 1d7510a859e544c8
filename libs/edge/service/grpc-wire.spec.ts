import { parseGrpcTimeout, percentEncoded } from './grpc-wire';

describe('the time limit of a call', () => {
  it('is a number of up to eight digits and a unit', () => {
    const read = (header: string): number => Number(parseGrpcTimeout(header)?.toPrecision(8));
    expect(['1H', '2M', '3S', '4m', '5u', '6n', '0m', '99999999H'].map(read)).toEqual([
      3_600_000, 120_000, 3_000, 4, 0.005, 0.000006, 0, 360_000_000_000_000,
    ]);
  });

  it('is nothing else', () => {
    for (const header of ['', '5', 'm', '123456789m', '1s', '-1m', '1.5S', ' 1S', '1S ', '1S, 2S', '1e3m'])
      expect(parseGrpcTimeout(header)).toBeUndefined();
  });
});

describe('the message of a status', () => {
  it('is percent-encoded where it is not printable ASCII', () => {
    expect(percentEncoded('rule "a" says: no ~!')).toBe('rule "a" says: no ~!');
    expect(percentEncoded('100% größer\n')).toBe('100%25 gr%C3%B6%C3%9Fer%0A');
    expect(percentEncoded('half \ud800')).toBe('half %EF%BF%BD');
  });
});
