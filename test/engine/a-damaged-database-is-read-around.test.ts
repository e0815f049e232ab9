import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { RICH_OPTIONS, richDatabase } from '../support/rich-database.js';
import {
  code,
  contentsOf,
  DIRECTORY,
  filesOf,
  flipBit,
  openOn,
  readWhole,
  replaceFile,
} from '../support/test-database.js';

const rich = await richDatabase();
const AROUND = { ...RICH_OPTIONS, readOnly: true, onDamage: 'read-around' } as const;

/** Reads every key; what is not damage has to be the truth. Returns how many reads were refused. */
function readAll(db: Database): number {
  let refusedCount = 0;
  for (const key of rich.history.keys()) {
    try {
      expect([key, db.getSync(key)?.toString()]).toEqual([key, rich.contents.get(key)]);
    } catch (error) {
      expect(error).toEqual(code('STEME_CORRUPTION'));
      refusedCount++;
    }
  }
  return refusedCount;
}

/** Scans until it is refused or at its end: what it showed till then has to be the truth, whole. */
async function scanAll(db: Database, reverse: boolean): Promise<{ count: number; isRefused: boolean }> {
  const truth = [...rich.contents].sort(([a], [b]) => (a < b ? -1 : 1));
  if (reverse) truth.reverse();
  let count = 0;
  const iterator = db.iterator({ reverse });
  try {
    for (;;) {
      const [entry] = iterator.nextvSync(1);
      if (entry === undefined) return { count, isRefused: false };
      expect([entry[0].toString(), entry[1].toString()]).toEqual(truth[count]);
      count++;
    }
  } catch (error) {
    expect(error).toEqual(code('STEME_CORRUPTION'));
    return { count, isRefused: true };
  } finally {
    await iterator.close();
  }
}

async function remove(disk: MemoryFileSystem, name: string): Promise<void> {
  await disk.remove(`${DIRECTORY}/${name}`);
}

describe('a database that is opened around damage', () => {
  it('needs readOnly', async () => {
    await expect(openOn(rich.disk.clone(), { onDamage: 'read-around' })).rejects.toEqual(code('STEME_INVALID_OPTION'));
  });

  it('is as any other where there is none', async () => {
    await using db = await openOn(rich.disk.clone(), AROUND);
    expect(db.stats().recovery.damage).toEqual([]);
    expect(readAll(db)).toBe(0);
  });

  it.each(['missing', 'cut'])('never gives an older answer in place of a table that is %s', async (how) => {
    for (const name of await filesOf(rich.disk, '.sst')) {
      const disk = rich.disk.clone();
      if (how === 'missing') await remove(disk, name);
      else await replaceFile(disk, name, (await readWhole(disk, name)).slice(0, 300));
      const before = await disk.list(DIRECTORY);
      await expect(openOn(disk)).rejects.toEqual(code('STEME_CORRUPTION'));
      await using db = await openOn(disk, AROUND);
      expect(db.stats().recovery.damage).toMatchObject([{ file: name, kind: 'table' }]);
      const refusedCount = readAll(db);
      expect(refusedCount).toBeGreaterThan(0);
      expect(refusedCount).toBeLessThan(rich.history.size);
      for (const reverse of [false, true]) expect(await scanAll(db, reverse)).toMatchObject({ isRefused: true });
      expect(await disk.list(DIRECTORY)).toEqual(before);
    }
  });

  it('scans up to a lost table, and not only up to the one before it', async () => {
    const disk = rich.disk.clone();
    // The bulk load: keys 0100 to 0159.
    const bulk = (await filesOf(disk, '.sst'))[3];
    await remove(disk, bulk);
    await using db = await openOn(disk, AROUND);
    const { count } = await scanAll(db, false);
    // An iterator that has taken an entry moves on at once: the last one before the table goes with the error.
    expect(count).toBe([...rich.contents.keys()].filter((key) => key < 'key 0100').length - 1);
    expect(db.iterator({ gte: 'key 0160', limit: 5 }).nextvSync(5)).toHaveLength(5);
    expect(() => db.iterator({ gte: 'key 0120' }).nextvSync(1)).toThrow(
      expect.objectContaining({ code: 'STEME_CORRUPTION' }),
    );
  });

  it('refuses the values of a blob file that is missing, and no others', async () => {
    for (const name of await filesOf(rich.disk, '.blob')) {
      const disk = rich.disk.clone();
      await remove(disk, name);
      await using db = await openOn(disk, AROUND);
      expect(db.stats().recovery.damage).toMatchObject([{ file: name, kind: 'blob' }]);
      const refusedCount = readAll(db);
      expect(refusedCount).toBeLessThan(15);
    }
  });

  it('shows what is before the damage of the log, and says so', async () => {
    const disk = rich.disk.clone();
    const name = (await filesOf(disk, '.log')).at(-1) ?? '';
    await flipBit(disk, name, 200);
    await expect(openOn(disk)).rejects.toEqual(code('STEME_CORRUPTION'));
    await using db = await openOn(disk, AROUND);
    expect(db.stats().recovery.damage).toMatchObject([{ file: name, kind: 'log' }]);
  });

  it('goes by the newest manifest when CURRENT is lost', async () => {
    const disk = rich.disk.clone();
    await remove(disk, 'CURRENT');
    await expect(openOn(disk, { readOnly: true })).rejects.toEqual(code('STEME_CORRUPTION'));
    expect(new Map(await contentsOf(disk, AROUND))).toEqual(rich.contents);
  });

  it('reads the manifest up to its damage', async () => {
    const disk = rich.disk.clone();
    const [name] = (await filesOf(disk)).filter((one) => one.startsWith('MANIFEST'));
    const bytes = await readWhole(disk, name);
    await flipBit(disk, name, Math.floor(bytes.length / 2));
    await expect(openOn(disk)).rejects.toEqual(code('STEME_CORRUPTION'));
    await using db = await openOn(disk, AROUND);
    expect(db.stats().recovery.damage[0]).toMatchObject({ file: name, kind: 'manifest' });
  });
});
