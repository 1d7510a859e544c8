import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LedgerEntry } from './ledger-entry';
import { PendingEntries } from './pending-entries';

function entry(id: string): LedgerEntry {
  const time = '2026-01-01T00:00:00.000Z';
  return {
    format: 1,
    id,
    event: 'issued',
    time,
    identity: 'spiffe://td/ns/a/sa/b',
    serial: '4a',
    notBefore: time,
    notAfter: time,
    spki: '00',
    caller: 'citadel',
  };
}

describe('entries that wait for the ledger', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'pending-'));
    path = join(dir, 'pending.jsonl');
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  async function drain(pending: PendingEntries): Promise<string[]> {
    const ids: string[] = [];
    for (let batch = await pending.oldest(); batch !== undefined; batch = await pending.oldest()) {
      ids.push(...batch.entries.map(({ id }) => id));
      await batch.remove();
    }
    return ids;
  }

  it('are on disk when adding returns, in order, and gone once they have arrived', async () => {
    const pending = await PendingEntries.open(path);
    const ids = Array.from({ length: 3_000 }, (_, at) => `id-${at}`);
    await Promise.all(ids.map((id) => pending.add(entry(id))));
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3_001);
    expect(await drain(pending)).toEqual(ids);
    expect(statSync(path).size).toBe(0);
    await pending.add(entry('later'));
    expect(await drain(pending)).toEqual(['later']);
    await pending.close();
  });

  it('are found after a crash, also when the last line was torn', async () => {
    const before = await PendingEntries.open(path);
    await before.add(entry('whole'));
    await before.close();
    appendFileSync(path, '{"format":1,"id":"torn","ev');
    const after = await PendingEntries.open(path);
    await after.add(entry('next'));
    expect(await drain(after)).toEqual(['whole', 'next']);
    await after.close();
  });

  it('are offered again when they did not arrive, and lose nothing that comes meanwhile', async () => {
    const pending = await PendingEntries.open(path);
    await pending.add(entry('one'));
    expect((await pending.oldest())?.entries).toHaveLength(1);
    const again = await pending.oldest();
    await Promise.all([pending.add(entry('two')), again?.remove(), pending.add(entry('three'))]);
    expect(await drain(pending)).toEqual(['two', 'three']);
    await pending.close();
  });

  /** Lets the disk of a file take a few bytes at a time, and none once it is full. */
  function smallDisk(pending: PendingEntries): { room: number } {
    const disk = { room: Infinity };
    const write = pending.file.write.bind(pending.file);
    const some = (data: string | Buffer, at = 0): Promise<unknown> => {
      if (disk.room === 0) return Promise.reject(new Error('ENOSPC'));
      const part = Buffer.from(data).subarray(at, at + Math.min(50, disk.room));
      disk.room -= part.length;
      return write(part);
    };
    Object.assign(pending.file, { write: some });
    return disk;
  }

  it('are written whole by a disk that takes a part at a time', async () => {
    const pending = await PendingEntries.open(path);
    smallDisk(pending);
    await Promise.all([pending.add(entry('one')), pending.add(entry('two'))]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    expect(await drain(pending)).toEqual(['one', 'two']);
    await pending.close();
  });

  it('lose nothing to a write that failed half way', async () => {
    const pending = await PendingEntries.open(path);
    const disk = smallDisk(pending);
    await pending.add(entry('before'));
    disk.room = 80;
    await expect(pending.add(entry('failed'))).rejects.toThrow('ENOSPC');
    await expect(pending.add(entry('failed again'))).rejects.toThrow('ENOSPC');
    disk.room = Infinity;
    await pending.add(entry('after'));
    await pending.add(entry('last'));
    expect(await drain(pending)).toEqual(['before', 'after', 'last']);
    expect(statSync(path).size).toBe(0);
    await pending.close();
  });
});
