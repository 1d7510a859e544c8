import type { JsonObject } from '@keelson/api';
import type { Change, Commit } from '../commit';

export function commitOf(changes: Change[], time = '2026-01-01T00:00:00.000Z'): Commit {
  return { format: 1, id: 'x', epoch: 'e', changes, author: 'a', reason: '', source: 'api', time };
}

export function put(kind: string, name: string, spec: JsonObject, owner = 'api'): Change {
  const apiVersion = 'networking.istio.io/v1';
  const object = { apiVersion, kind, metadata: { name, namespace: 'default' }, spec };
  return { op: 'put', apiVersion, kind, namespace: 'default', name, object, owner };
}

export function remove(kind: string, name: string): Change {
  return { op: 'delete', apiVersion: 'networking.istio.io/v1', kind, namespace: 'default', name, owner: 'api' };
}
