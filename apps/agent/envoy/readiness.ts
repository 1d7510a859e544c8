import type { EnvoyAdmin } from './admin';

/** Whether a proxy can take traffic, and if not, what is missing, in words for people. */
export interface Readiness {
  ready: boolean;
  missing: readonly string[];
}

const statNames = {
  clusters: 'cluster_manager.cds.update_success',
  clustersRefused: 'cluster_manager.cds.update_rejected',
  listeners: 'listener_manager.lds.update_success',
  listenersRefused: 'listener_manager.lds.update_rejected',
  workers: 'listener_manager.workers_started',
  connected: 'control_plane.connected_state',
};

const filter = `^(${Object.values(statNames).join('|').replaceAll('.', '\\.')})$`;

/** Asks Envoy whether it has taken its first configuration and serves it: that it runs is not enough. */
export async function askReadiness(admin: EnvoyAdmin): Promise<Readiness> {
  try {
    const [state, stats] = await Promise.all([admin.state(), admin.stats(filter)]);
    return readinessOf(state, stats);
  } catch (error) {
    return notReady(
      `Envoy's admin interface does not answer: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function readinessOf(state: string, stats: ReadonlyMap<string, number>): Readiness {
  const stat = (name: keyof typeof statNames): number => stats.get(statNames[name]) ?? 0;
  const missing: string[] = [];
  if (stat('clusters') === 0 || stat('listeners') === 0) {
    if (stat('connected') === 0) missing.push('Envoy has no connection to Pilot');
    for (const what of ['clusters', 'listeners'] as const) {
      if (stat(what) > 0) continue;
      const refused = stat(`${what}Refused`);
      missing.push(
        refused > 0 ? `Envoy refused the ${what} from Pilot (${refused} times)` : `Envoy has no ${what} from Pilot yet`,
      );
    }
  }
  if (state !== 'LIVE') missing.push(`Envoy is ${state === '' ? 'in no known state' : state}`);
  if (stat('workers') === 0 && missing.length === 0) missing.push('Envoy has not started its workers');
  return { ready: missing.length === 0, missing };
}

export function notReady(reason: string): Readiness {
  return { ready: false, missing: [reason] };
}
