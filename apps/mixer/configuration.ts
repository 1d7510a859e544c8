import { kinds, objectKey, policyKinds, type MeshObject, type ObjectRef } from '@keelson/core/config';
import { watchFolder } from '@keelson/edge/config-log';
import { changeOfRound, connectMcpSink } from '@keelson/edge/mcp';
import { SettingsError, type Runtime, type TlsIdentity } from '@keelson/edge/service';
import type { MixerSettings } from './settings';

/** The folder of `fs:///folder`; undefined for any other source. */
export function folderOf(configStoreUrl: string): string | undefined {
  return /^fs:\/\/(.*)$/.exec(configStoreUrl)?.[1];
}

const collections = kinds.filter(({ kind }) => policyKinds.has(kind)).map(({ collection }) => collection);

/** Mixer's part of the configuration at one revision. */
export type TakeConfiguration = (revision: string, objects: readonly MeshObject[]) => void;

/** Follows the source of configuration; resolves once everything that it has was taken. */
export function followConfiguration(
  runtime: Runtime<MixerSettings>,
  source: { identity: TlsIdentity | undefined; sinkId: string },
  take: TakeConfiguration,
): Promise<void> {
  const { settings, log, health, signal } = runtime;
  const objects = new Map<string, MeshObject>();
  const fold = (revision: string, change: { put: readonly MeshObject[]; remove: readonly ObjectRef[] }): void => {
    for (const ref of change.remove) objects.delete(objectKey(ref));
    for (const object of change.put) if (policyKinds.has(object.kind)) objects.set(objectKey(object), object);
    take(revision, [...objects.values()]);
  };
  const folder = folderOf(settings.configStoreUrl);
  if (folder === undefined && !/^mcps?:\/\//.test(settings.configStoreUrl))
    throw new SettingsError(
      `--config-store-url: ${settings.configStoreUrl} is neither mcp://host:port nor fs:///folder`,
    );
  return new Promise((resolve) => {
    if (folder === undefined) {
      connectMcpSink({
        address: settings.configStoreUrl,
        identity: source.identity,
        collections,
        sinkNode: { id: source.sinkId },
        onRound: (round) => {
          fold(round.revision, changeOfRound(round, log));
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
        fold(revision, { put, remove });
        resolve();
      },
    });
    runtime.onStop(() => {
      watcher.stop();
    });
  });
}
