import { lstatSync, readdirSync, readFileSync, statSync, watch, type FSWatcher, type Stats } from 'node:fs';
import { join, relative } from 'node:path';

export interface FolderFilesOptions {
  dir: string;
  /**
   * Files that changed, by path within the folder; undefined for one that is gone. First called with all there are, then
   * also when only the troubles changed: what cannot be read now. What was read of it before still counts.
   */
  onChange: (files: ReadonlyMap<string, string | undefined>, troubles: readonly string[]) => void;
  /** What cannot be read, as soon as that changes, before all is read as well. Empty when all is well again. */
  onTrouble: (troubles: readonly string[]) => void;
  /** How often everything is looked at, for changes that the system did not tell of. */
  pollMs?: number;
}

interface Seen {
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/** A file is read when it was left alone this long, so that nobody's half-written text is taken for the truth. */
const settleMs = 5;
/** The same for one that became smaller where it stands, and for one that went away: both may be about to be written. */
const shrunkMs = 100;
const goneMs = 50;
const largestFile = 256 * 1024 * 1024;

/** Watches a folder and those in it for `*.yaml`, `*.yml` and `*.json`. */
export class FolderFiles {
  private readonly seen = new Map<string, Seen>();
  private readonly watchers = new Map<string, { watcher: FSWatcher; ino: number }>();
  private readonly fileTroubles = new Map<string, string>();
  private readonly folderTroubles = new Map<string, string>();
  private readonly missingSince = new Map<string, number>();
  private readonly due = new Map<string, NodeJS.Timeout>();
  private readonly dirty = new Set<string>();
  private changes = new Map<string, string | undefined>();
  private scanAll = false;
  private scheduled = false;
  private started = false;
  private stopped = false;
  private told = '';
  private readonly poll: NodeJS.Timeout;

  constructor(private readonly options: FolderFilesOptions) {
    this.scanAll = true;
    this.schedule();
    this.poll = setInterval(() => {
      this.scanAll = true;
      this.schedule();
    }, options.pollMs ?? 3_000);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.poll);
    for (const timer of this.due.values()) clearTimeout(timer);
    for (const folder of [...this.watchers.keys()]) this.unwatchFolder(folder);
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.stopped) this.look();
    });
  }

  private look(): void {
    const paths = new Set(this.dirty);
    this.dirty.clear();
    if (this.scanAll) {
      this.scanAll = false;
      for (const path of this.scan()) if (!paths.has(path)) this.check(path, false);
    }
    for (const path of paths) this.check(path, true);
    this.deliver();
  }

  /** Every file there is or was. A folder that cannot be read tells nothing of its files. */
  private scan(): Set<string> {
    const paths = new Set<string>();
    const folders = new Set<string>();
    const visit = (folder: string): void => {
      try {
        this.watchFolder(folder);
        const entries = readdirSync(folder, { withFileTypes: true });
        folders.add(folder);
        for (const entry of entries) {
          const path = join(folder, entry.name);
          if (entry.name.startsWith('.')) continue;
          if (isConfigFile(entry.name)) paths.add(path);
          else if (entry.isDirectory()) visit(path);
        }
      } catch (error) {
        if (!isMissing(error) || folder === this.options.dir) this.folderTroubles.set(folder, messageOf(error));
      }
    };
    // All are visited anew: trouble with a folder that is gone must not stay.
    this.folderTroubles.clear();
    visit(this.options.dir);
    for (const folder of this.watchers.keys()) if (!folders.has(folder)) this.unwatchFolder(folder);
    if (!this.folderTroubles.has(this.options.dir))
      for (const known of [this.seen, this.fileTroubles]) for (const path of known.keys()) paths.add(path);
    return paths;
  }

  private watchFolder(folder: string): void {
    const { ino } = statSync(folder);
    if (this.watchers.get(folder)?.ino === ino) return;
    // Another folder has taken the place of the one that was watched.
    this.unwatchFolder(folder);
    const watcher = watch(folder, (_event, name) => {
      if (name !== null && isConfigFile(name) && !name.startsWith('.')) this.dirty.add(join(folder, name));
      else if (name === null || !name.includes('.') || name.startsWith('..')) this.scanAll = true;
      else return;
      this.schedule();
    });
    watcher.on('error', () => {
      // The next poll watches it again, or finds it gone.
      this.unwatchFolder(folder);
    });
    this.watchers.set(folder, { watcher, ino });
  }

  private unwatchFolder(folder: string): void {
    this.watchers.get(folder)?.watcher.close();
    this.watchers.delete(folder);
  }

  private check(path: string, forced: boolean): void {
    clearTimeout(this.due.get(path));
    this.due.delete(path);
    try {
      const stats = statSync(path);
      this.missingSince.delete(path);
      const seen = this.seen.get(path);
      if (!forced && seen && isSame(seen, stats)) return;
      // Until it was read again, nobody knows what is in it.
      if (this.read(path, stats, seen)) this.fileTroubles.delete(path);
    } catch (error) {
      // What a link to nothing should lead to may be a mount that is not there yet.
      if (isMissing(error) && !isLink(path)) this.gone(path);
      else this.fileTroubles.set(path, messageOf(error));
    }
  }

  /** False if it has to wait. */
  private read(path: string, stats: Stats, seen: Seen | undefined): boolean {
    if (stats.size > largestFile) throw new Error(`${stats.size} bytes are more than ${largestFile}`);
    const quiet = seen?.ino === stats.ino && stats.size < seen.size ? shrunkMs : settleMs;
    const age = Date.now() - stats.mtimeMs;
    if (age >= 0 && age < quiet) {
      this.later(path, quiet - age);
      return false;
    }
    const text = readFileSync(path, 'utf8');
    if (!isSame(stats, statSync(path))) {
      this.later(path, settleMs);
      return false;
    }
    const { ino, size, mtimeMs, ctimeMs } = stats;
    this.seen.set(path, { ino, size, mtimeMs, ctimeMs });
    this.changes.set(this.nameOf(path), text);
    return true;
  }

  private gone(path: string): void {
    if (!this.seen.has(path) && !this.fileTroubles.has(path)) return;
    const since = this.missingSince.get(path) ?? Date.now();
    this.missingSince.set(path, since);
    const left = goneMs - (Date.now() - since);
    if (left > 0) {
      this.later(path, left);
      return;
    }
    this.missingSince.delete(path);
    this.fileTroubles.delete(path);
    this.seen.delete(path);
    this.changes.set(this.nameOf(path), undefined);
  }

  private later(path: string, ms: number): void {
    this.due.set(
      path,
      setTimeout(() => {
        this.due.delete(path);
        this.dirty.add(path);
        this.schedule();
      }, Math.ceil(ms)),
    );
  }

  private deliver(): void {
    const troubles = [...this.folderTroubles, ...this.fileTroubles].map(
      ([path, message]) => `${this.nameOf(path) || '.'}: ${message}`,
    );
    const other = troubles.join() !== this.told;
    if (other) {
      this.told = troubles.join();
      this.options.onTrouble(troubles);
    }
    const complete = this.started || (this.due.size === 0 && !this.folderTroubles.has(this.options.dir));
    if (!complete || (this.started && this.changes.size === 0 && !other)) return;
    this.started = true;
    const { changes } = this;
    this.changes = new Map();
    this.options.onChange(changes, troubles);
  }

  private nameOf(path: string): string {
    return relative(this.options.dir, path);
  }
}

function isConfigFile(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name);
}

function isSame(a: Seen, b: Seen): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
