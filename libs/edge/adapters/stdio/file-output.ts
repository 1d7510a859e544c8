import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { AdapterLog } from '@keelson/core/policy';
import type { Output } from './output';

/** When a file is put aside, and how long it is kept then; 0 for no limit. */
export interface Rotation {
  readonly maxBytes: number;
  /** Of the file that is written to, and of one that was put aside. */
  readonly maxAgeMs: number;
  readonly maxFiles: number;
}

/**
 * A file that is written to at its end. With a rotation, one that is too large or too old is put aside, with the time in its
 * name (`access-2020-01-31T23-59-59.000.log`), and the oldest of those are removed.
 */
export class FileOutput implements Output {
  readonly name: string;
  /** May be changed at any time. */
  rotation: Rotation | undefined;
  #file: FileHandle | undefined;
  #size: number;
  /** When the file was made, by the clock on the wall. */
  #since: number;

  /** Throws where the file cannot be written to. The folder of a rotated one is made. */
  constructor(
    private readonly path: string,
    rotation: Rotation | undefined,
    private readonly log: AdapterLog,
    private readonly wallClock: () => number,
  ) {
    this.name = path;
    this.rotation = rotation;
    if (rotation) mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, 'a', this.#mode);
    try {
      const { size, birthtimeMs, mtimeMs } = fstatSync(fd);
      this.#size = size;
      this.#since = size === 0 ? wallClock() : birthtimeMs || mtimeMs;
    } finally {
      closeSync(fd);
    }
  }

  /** As zap and lumberjack make them, which Mixer writes with. */
  get #mode(): number {
    return this.rotation ? 0o600 : 0o644;
  }

  async write(bytes: Buffer): Promise<number> {
    if (this.#due(bytes.length)) await this.#rotate();
    this.#file ??= await open(this.path, 'a', this.#mode);
    const { bytesWritten } = await this.#file.write(bytes);
    this.#size += bytesWritten;
    return bytesWritten;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #due(more: number): boolean {
    if (!this.rotation || this.#size === 0) return false;
    const { maxBytes, maxAgeMs } = this.rotation;
    return (
      (maxBytes > 0 && this.#size + more > maxBytes) || (maxAgeMs > 0 && this.wallClock() - this.#since > maxAgeMs)
    );
  }

  /** A file that cannot be put aside is written to as before. */
  async #rotate(): Promise<void> {
    const now = this.wallClock();
    // Also where it fails: not at every write from now on.
    this.#size = 0;
    this.#since = now;
    try {
      await this.close();
      await rename(this.path, await this.#freeName(now));
    } catch (error) {
      this.log.error({ err: error, path: this.path }, 'the log file cannot be rotated');
      return;
    }
    try {
      await this.#prune(now);
    } catch (error) {
      this.log.error({ err: error, path: this.path }, 'old log files cannot be removed');
    }
  }

  async #freeName(now: number): Promise<string> {
    const taken = new Set(await readdir(dirname(this.path)));
    for (let at = now; ; at++) {
      const name = asideName(basename(this.path), at);
      if (!taken.has(name)) return join(dirname(this.path), name);
    }
  }

  async #prune(now: number): Promise<void> {
    if (!this.rotation) return;
    const { maxAgeMs, maxFiles } = this.rotation;
    const base = basename(this.path);
    const aside = (await readdir(dirname(this.path)))
      .map((name) => ({ name, at: asideTime(base, name) }))
      .filter((file): file is { name: string; at: number } => file.at !== undefined)
      .sort((a, b) => b.at - a.at);
    for (const [i, { name, at }] of aside.entries())
      if ((maxFiles > 0 && i >= maxFiles) || (maxAgeMs > 0 && now - at > maxAgeMs))
        await rm(join(dirname(this.path), name), { force: true });
  }
}

/** The name of a file that is put aside. */
function asideName(base: string, time: number): string {
  const extension = extname(base);
  const stem = base.slice(0, base.length - extension.length);
  return `${stem}-${new Date(time).toISOString().slice(0, -1).replaceAll(':', '-')}${extension}`;
}

/** When a file was put aside, by its name; undefined for others. */
function asideTime(base: string, name: string): number | undefined {
  const extension = extname(base);
  const stem = `${base.slice(0, base.length - extension.length)}-`;
  if (!name.startsWith(stem) || !name.endsWith(extension)) return undefined;
  const [, day, hour, minute, rest] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(name.slice(stem.length, name.length - extension.length)) ??
    [];
  const time = Date.parse(`${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${rest ?? ''}Z`);
  return Number.isNaN(time) ? undefined : time;
}
