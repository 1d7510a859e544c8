import type { Site } from './site';
import type { TestProcess } from './test-process';

/** One Mixer. */
export interface MixerReplica {
  process: TestProcess;
  address: string;
  /** The metrics of the Prometheus adapter. */
  metrics: string;
}

/** Gives a Mixer its ports; `make` makes its process of them. */
export async function mixerReplica(
  site: Site,
  make: (monitoringPort: number, flags: readonly string[]) => TestProcess,
): Promise<MixerReplica> {
  const [grpc, monitoring, metrics] = [await site.port(), await site.port(), await site.port()];
  return {
    process: make(monitoring, [`--grpc-port=${grpc}`, `--prometheus-port=${metrics}`]),
    address: `127.0.0.1:${grpc}`,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
  };
}
