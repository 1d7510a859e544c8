import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { MeshObject } from '@keelson/core/config';
import { commonHost } from './plans';

const rules: MeshObject<VirtualService> = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  namespace: 'shop',
  name: 'rules',
  labels: {},
  annotations: {},
  revision: 'fs-1',
  created: 0,
  spec: {},
};

describe('S27: the host that a server and a VirtualService share', () => {
  it.each([
    ['*/*', 'a.example.com', 'a.example.com'],
    ['*/*.example.com', '*', '*.example.com'],
    ['*/*.example.com', 'a.example.com', 'a.example.com'],
    ['*/a.example.com', '*.example.com', 'a.example.com'],
    ['*/a.example.com', 'b.example.com', undefined],
    ['*/*.example.com', 'example.com', undefined],
    ['shop/a.example.com', 'a.example.com', 'a.example.com'],
    ['other/a.example.com', 'a.example.com', undefined],
  ])('of %s and %s is %s', (server, host, shared) => {
    expect(commonHost(server, rules, host)).toBe(shared);
  });
});
