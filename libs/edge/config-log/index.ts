export { CommitWriter, type CommitWriterOptions, type WriteRequest, type WriteResult } from './commit-writer';
export { type FolderBatch } from './folder-snapshot';
export { FolderState, refOf, type FolderChanges } from './folder-state';
export { JetStreamLog, LogReplacedError, type JetStreamLogOptions, type ReadMark } from './jetstream-log';
export { MemoryLog, newEpoch } from './memory-log';
export { SnapshotFollower, type FoldedCommit, type FoldListener, type FollowerOptions } from './snapshot-follower';
export { readStream, type StreamMessage, type StreamReaderOptions } from './stream-reader';
export {
  watchDocuments,
  watchFolder,
  type FolderWatch,
  type WatchDocumentsOptions,
  type WatchFolderOptions,
} from './watch-folder';
