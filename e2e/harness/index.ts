import { FullMesh, type FullMeshOptions } from './full-mesh';
import { timed } from './until';
import type { Mesh } from './mesh';
import { PilotMesh, type PilotMeshOptions } from './pilot-mesh';

// A scenario starts processes; what it promises within a time it says itself.
jest.setTimeout(60_000);

const meshes: Mesh[] = [];

/** Stops every mesh that this test file started; an error tells what did not stop or was left behind. */
export async function stopMeshes(): Promise<void> {
  for (const mesh of meshes.splice(0)) await timed('the mesh is down', () => mesh.stop());
}

/** The whole mesh: Citadel, NATS, Galley, Pilot; workloads with agent and Envoy; STRICT mutual TLS. */
export async function startMesh(options: FullMeshOptions = {}): Promise<FullMesh> {
  return kept(await timed('the whole mesh is up', () => FullMesh.start(options)));
}

/** Pilot alone, fed by a folder, and Envoys in plaintext. */
export async function startPilotMesh(options: PilotMeshOptions = {}): Promise<PilotMesh> {
  return kept(await timed('Pilot and its folder are up', () => PilotMesh.start(options)));
}

function kept<T extends Mesh>(mesh: T): T {
  meshes.push(mesh);
  return mesh;
}

export type { FullMesh } from './full-mesh';
export type { PilotMesh } from './pilot-mesh';
export type { Workload } from './workload';
export { http, json } from './http';
export { burst, Load, type LoadReport } from './load';
export { fiveOf, istioSample, mixerClientCounts, policy, useUpConnections } from './policy';
export { prometheusSamples, type Sample } from './prometheus-samples';
export { hostOf } from './services';
export { figure, timed, until } from './until';
