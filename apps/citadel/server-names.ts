import { type SpiffeId } from '@keelson/core/pki';
import { problemError } from '@keelson/core/problems';
import { defaultTlsNames } from '@keelson/edge/service';

/** The components that serve under names; everybody else is known by his SPIFFE id alone. */
const servers = ['galley', 'pilot', 'citadel', 'mixer', 'nats'];

/** Refuses names that the caller may not serve under, so that no workload can pose as a component. */
export function grantedServerNames(
  asked: readonly string[],
  caller: SpiffeId,
  table: { rootNamespace: string; furtherNames: readonly string[] },
): readonly string[] {
  if (asked.length === 0) return [];
  const who = `${caller.namespace}/${caller.serviceAccount}`;
  if (caller.namespace !== table.rootNamespace || !servers.includes(caller.serviceAccount))
    throw problemError('forbidden', `${who} is not a component and gets no server names`);
  const allowed = new Set([...defaultTlsNames(caller.serviceAccount, table.rootNamespace), ...table.furtherNames]);
  const refused = asked.find((name) => !allowed.has(name));
  if (refused !== undefined)
    throw problemError(
      'forbidden',
      `${who} may not serve as ${JSON.stringify(refused)} (Citadel's --server-names allows further names)`,
    );
  return [...new Set(asked)];
}
