import { authorities, translated } from './testing/calls';

describe('S9 a match of gRPC calls', () => {
  it.each([
    ['the full name', { authority: { exact: authorities[0]! } }, 1],
    ['the name with its port', { authority: { exact: authorities[1]! } }, 1],
    ['another name', { authority: { prefix: 'other' } }, 0],
    ['none but the full name', { withoutHeaders: { ':authority': { exact: authorities[0]! } } }, 1],
    ['no name of a domain that all have', { withoutHeaders: { ':authority': { prefix: 'echo.default' } } }, 0],
    ['plaintext', { scheme: { exact: 'http' } }, 1],
    ['TLS', { scheme: { exact: 'https' } }, 0],
    ['a query', { queryParams: { q: {} } }, 0],
  ])('asks for %s: %j, which is decided here', (_, match, count) => {
    expect(translated(match)).toEqual(
      Array.from({ length: count }, () => ({ pathSpecifier: { $case: 'prefix', value: '/' } })),
    );
  });

  it('asks for metadata by lower-case names, the only ones that calls have', () => {
    const made = translated({
      headers: { 'X-User': { exact: 'a' } },
      withoutHeaders: { 'X-None': {}, 'X-B': { exact: '' } },
    });
    expect(made.map(({ headers = [] }) => headers.map(({ name }) => name))).toEqual([
      ['x-user', 'x-b', 'x-b', 'x-none'],
    ]);
  });

  it('stays within bounds however many headers are not to be there', () => {
    const withoutHeaders = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, { exact: 'a' }]));
    const made = translated({ withoutHeaders });
    expect(made).toHaveLength(16);
    expect(made.map(({ headers }) => headers?.length)).toEqual(Array(16).fill(40));
  });
});
