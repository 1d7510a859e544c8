import { kinds } from '@keelson/core/config';
import { watchFolder } from '@keelson/edge/config-log';
import { changeOfRound, connectMcpSink } from '@keelson/edge/mcp';
import type { Runtime, TlsIdentity } from '@keelson/edge/service';
import type { Discovery } from './discovery';
import type { PilotSettings } from './settings';

/** The folder of `fs:///folder`; undefined for any other source. */
export function folderOf(configSource: string): string | undefined {
  return /^fs:\/\/(.*)$/.exec(configSource)?.[1];
}

/** Follows the source of configuration; resolves once everything that it has is folded. */
export function followConfiguration(
  runtime: Runtime<PilotSettings>,
  discovery: Discovery,
  source: { identity: TlsIdentity | undefined; sinkId: string },
): Promise<void> {
  const { settings, log, health, signal } = runtime;
  const folder = folderOf(settings.configSource);
  return new Promise((resolve) => {
    if (folder === undefined) {
      connectMcpSink({
        address: settings.configSource,
        identity: source.identity,
        collections: kinds.map((kind) => kind.collection),
        sinkNode: { id: source.sinkId },
        onRound: (round) => {
          discovery.applyConfig(round.revision, changeOfRound(round, log));
          if (round.synced) resolve();
        },
        log,
        health,
        signal,
      });
      return;
    }
    const watcher = watchFolder({
      dir: folder,
      log,
      onChange: ({ revision, put, remove, problems }) => {
        for (const problem of problems) log.warn(problem, 'configuration in the folder is not used');
        discovery.applyConfig(revision, { put, remove });
        resolve();
      },
    });
    runtime.onStop(() => {
      watcher.stop();
    });
  });
}
