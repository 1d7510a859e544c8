import { apiKey, isGrpc, queryParams, urlPath } from './http-text';

const params = (path: string): unknown => {
  const found = queryParams(path);
  return found && Object.fromEntries(found.entries());
};

it.each([
  ['/a/b', '/a/b', undefined],
  ['/a?x=1&y=2', '/a', { x: '1', y: '2' }],
  ['/a?x=1&x=2', '/a', { x: '1' }],
  ['/a?x&=2&y=a=b', '/a', { x: '', y: 'a=b' }],
  ['/a?', '/a', undefined],
  ['/a?x=%20#y=1', '/a', { x: '%20' }],
  ['/a#x?y=1', '/a', undefined],
  ['/a?#y=1', '/a', undefined],
  ['*', '*', undefined],
])('the parts of %s', (path, before, query) => {
  expect(urlPath(path)).toBe(before);
  expect(params(path)).toEqual(query);
});

it('reads every parameter: a rule on the last is not got round by many before it', () => {
  const path = `/?${Array.from({ length: 5_000 }, (_, i) => `p${i}=1`).join('&')}&admin=true`;
  expect(queryParams(path)?.get('admin')).toBe('true');
  expect([...queryParams(path)!.entries()].length).toBe(5_001);
});

it.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc-web', false],
  ['application/json', false],
  [undefined, false],
])('%s is gRPC: %s', (type, grpc) => {
  expect(isGrpc(type)).toBe(grpc);
});

it.each([
  ['/?key=a&api_key=b', 'a'],
  ['/?api_key=b', 'b'],
  ['/', 'c'],
])('the API key of %s', (path, key) => {
  expect(apiKey(new Map([['x-api-key', 'c']]), queryParams(path))).toBe(key);
});
