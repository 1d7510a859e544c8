import type { MeshObject } from '@keelson/core/config';
import { policyVersionOf } from './policy-versions';

function rule(name: string, spec: object, revision: string): MeshObject {
  const [apiVersion, kind, namespace] = ['config.istio.io/v1alpha2', 'rule', 'istio-system'];
  return { apiVersion, kind, namespace, name, labels: {}, annotations: {}, revision, created: 1, spec };
}

describe('S40 the version of policies', () => {
  const [a, b] = [{ match: 'request.path == "/a"', actions: [] }, { match: 'request.path == "/b"' }];

  it('is the same for the same objects, in whatever order and of whatever revision', () => {
    const version = policyVersionOf([rule('a', a, 'fs-1'), rule('b', b, 'fs-1')]);
    const { match, actions } = a;
    expect(policyVersionOf([rule('b', b, 'c46ad669-7'), rule('a', { actions, match }, 'fs-3')])).toBe(version);
  });

  it('is another where an object is, although revisions of a folder begin anew', () => {
    const versions = [[rule('a', a, 'fs-1')], [rule('a', b, 'fs-1')], [rule('b', a, 'fs-1')], []].map(policyVersionOf);
    expect(new Set(versions).size).toBe(4);
  });
});
