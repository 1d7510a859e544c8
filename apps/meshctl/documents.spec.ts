import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesAt, joinDocuments, placeOf, readSource, type SourceFile } from './documents';

describe('documents of a command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'meshctl-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const readFiles = (paths: string[]): SourceFile[] => filesAt(paths).map(readSource);

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it('joins files as documents of one text and finds the file of each line', () => {
    const a = file('a.yaml', 'one: 1\ntwo: 2');
    const b = file('b.yaml', 'three: 3\n---\nfour: 4\n');
    const documents = joinDocuments(readFiles([a, b]));
    expect(documents.text).toBe('one: 1\ntwo: 2\n---\nthree: 3\n---\nfour: 4\n');
    const lines = documents.text.split('\n');
    expect(placeOf(documents, lines.indexOf('two: 2') + 1)).toBe(`${a}:2`);
    expect(placeOf(documents, lines.indexOf('three: 3') + 1)).toBe(`${b}:1`);
    expect(placeOf(documents, lines.indexOf('four: 4') + 1)).toBe(`${b}:3`);
  });

  it('reads a folder in order, with the folders below, and only YAML and JSON', () => {
    mkdirSync(join(folder, 'b'));
    file('c.yml', 'c: 1\n');
    file('b/x.json', '{"b": 1}\n');
    file('a.yaml', 'a: 1\n');
    file('README.md', 'no\n');
    mkdirSync(join(folder, 'd.yaml'));
    expect(joinDocuments(readFiles([folder])).text).toBe('a: 1\n---\n{"b": 1}\n---\nc: 1\n');
  });

  it('names a file that cannot be read, and a folder without files', () => {
    expect(() => readFiles([join(folder, 'none.yaml')])).toThrow(/none\.yaml/);
    expect(() => readFiles([folder])).toThrow(/no \.yaml/);
  });

  it('takes links to files, and keeps a link to nothing, to be told of by its own name', () => {
    const target = file('target.txt', 'a: 1\n');
    mkdirSync(join(folder, 'set'));
    symlinkSync(target, join(folder, 'set/a.yaml'));
    symlinkSync(join(folder, 'gone'), join(folder, 'set/b.yaml'));
    symlinkSync(folder, join(folder, 'set/c.yaml'));
    expect(filesAt([join(folder, 'set')])).toEqual([join(folder, 'set/a.yaml'), join(folder, 'set/b.yaml')]);
    expect(() => readFiles([join(folder, 'set')])).toThrow(/set\/b\.yaml: ENOENT/);
  });

  it('refuses bytes that are no text, rather than to read something else', () => {
    const path = join(folder, 'binary.yaml');
    writeFileSync(path, Buffer.from([0x61, 0x3a, 0xff, 0xfe]));
    expect(() => readFiles([path])).toThrow(`${path}: is not UTF-8 text`);
  });

  it('refuses a file that is too large to be meant', () => {
    const path = file('large.yaml', '');
    truncateSync(path, 65 * 1024 * 1024);
    expect(() => readFiles([path])).toThrow(`${path}: larger than 64 MiB`);
  });

  it('reads no more of what has no size than of a file', () => {
    expect(() => readFiles(['/dev/zero'])).toThrow('/dev/zero: larger than 64 MiB');
  });
});
