import type { Problem } from '@keelson/core/problems';
import type { NameScope } from '@keelson/core/config';
import type { Logger } from '@keelson/edge/service';
import { FolderFiles } from './folder-files';
import { FolderSnapshot, type FolderBatch } from './folder-snapshot';
import { FolderState, type FolderChanges } from './folder-state';

export interface WatchFolderOptions {
  dir: string;
  log: Logger;
  /** Called first when the whole folder was read, then for each step that changed an object or what is wrong. */
  onChange: (batch: FolderBatch) => void;
  scope?: NameScope;
  /** Where an object lives that names no namespace. */
  namespace?: string;
  pollMs?: number;
}

export interface FolderWatch {
  stop(): void;
}

/** Follows a folder of YAML and JSON as the one source of configuration, without a log. */
export function watchFolder(options: WatchFolderOptions): FolderWatch {
  const snapshot = new FolderSnapshot(options.scope);
  let told: string | undefined;
  return watchDocuments({
    ...options,
    onChange: (_state, changes, problems) => {
      const text = JSON.stringify(problems);
      if (changes.put.length + changes.remove.length === 0 && text === told) return;
      told = text;
      options.onChange(snapshot.advance(changes, problems));
    },
  });
}

export interface WatchDocumentsOptions extends Omit<WatchFolderOptions, 'onChange'> {
  onChange: (state: FolderState, changes: FolderChanges, problems: readonly Problem[]) => void;
}

/** Follows the documents of a folder; what is done with them is the caller's. */
export function watchDocuments(options: WatchDocumentsOptions): FolderWatch {
  const { dir, log, scope, namespace = 'default', pollMs, onChange } = options;
  const state = new FolderState({ namespace, ...scope });
  return new FolderFiles({
    dir,
    pollMs,
    onChange: (files, troubles) => {
      for (const [path, text] of files) state.setFile(path, text);
      state.setTroubles(troubles);
      onChange(state, state.takeChanges(), state.problems());
    },
    onTrouble: (troubles) => {
      for (const reason of troubles) log.warn({ dir, reason }, 'a part of the folder cannot be read');
    },
  });
}
