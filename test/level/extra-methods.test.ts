import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StemeLevel } from '../../src/level.js';
import { code } from '../support/test-database.js';
import { MemoryLevel } from './memory-level.js';

async function filled(): Promise<MemoryLevel> {
  const db = new MemoryLevel({ sync: false, compression: 'none' });
  const keys = Array.from({ length: 1000 }, (_, i) => String(i).padStart(6, '0'));
  await db.batch(keys.map((key) => ({ type: 'put' as const, key, value: key.repeat(10) })));
  return db;
}

describe('beside the methods of abstract-level', () => {
  it('approximateSize grows with the range', async () => {
    await using db = await filled();
    await db.compactRange('0', '1');
    const all = await db.approximateSize('0', '1');
    const half = await db.approximateSize('000500', '1');
    expect(all).toBeGreaterThan(60_000);
    expect(half).toBeGreaterThan(all * 0.4);
    expect(half).toBeLessThan(all * 0.6);
    expect(await db.approximateSize('x', 'y')).toBe(0);
  });

  it('compactRange leaves one run of what is there', async () => {
    await using db = await filled();
    await db.clear({ gte: '000010' });
    await db.compactRange('0', '1');
    const levels = db.database.stats().levels.filter((level) => level.fileCount > 0);
    expect(levels).toMatchObject([{ entryCount: 10 }]);
  });

  it('both take a key encoding, wait for the open, and need the database open', async () => {
    const db = new MemoryLevel();
    const keyEncoding = 'hex';
    expect(db.status).toBe('opening');
    expect(await db.approximateSize('00', 'ff', { keyEncoding })).toBe(0);
    await db.compactRange('00', 'ff', { keyEncoding });
    await db.close();
    await expect(db.approximateSize('a', 'b')).rejects.toEqual(code('LEVEL_DATABASE_NOT_OPEN'));
    await expect(db.compactRange('a', 'b')).rejects.toEqual(code('LEVEL_DATABASE_NOT_OPEN'));
  });

  it('getProperty tells what LevelDB tells of files and memory, and all of the engine', async () => {
    await using db = await filled();
    await db.compactRange('0', '1');
    const counts = Array.from({ length: 7 }, (_, i) => Number(db.getProperty(`leveldb.num-files-at-level${i}`)));
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
    expect(Number(db.getProperty('leveldb.approximate-memory-usage'))).toBeGreaterThan(0);
    expect(JSON.parse(db.getProperty('stemedb.stats'))).toMatchObject({ directory: db.location });
    expect(db.getProperty('leveldb.num-files-at-level7')).toBe('');
    expect(db.getProperty('leveldb.sstables')).toBe('');
    expect(() => db.getProperty(7 as unknown as string)).toThrow(TypeError);
  });

  it('the engine below is there while the database is open', async () => {
    const db = new MemoryLevel();
    expect(() => db.database).toThrow(code('LEVEL_DATABASE_NOT_OPEN') as Error);
    await db.put('a', '1');
    expect(await db.database.putIfAbsent('a', '2')).toBe(false);
    await db.close();
    expect(() => db.getProperty('stemedb.stats')).toThrow(code('LEVEL_DATABASE_NOT_OPEN') as Error);
  });

  it('a location must be one', async () => {
    expect(() => new StemeLevel('')).toThrow(TypeError);
    await expect(StemeLevel.destroy('')).rejects.toThrow(TypeError);
  });
});

describe('destroy', () => {
  async function directoryWithDatabase(): Promise<{ directory: string; db: StemeLevel }> {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const db = new StemeLevel(directory, { threads: 1, walSync: 'fdatasync' });
    await db.put('a', '1');
    return { directory, db };
  }

  it('removes the files of the database, and no others', async () => {
    const { directory, db } = await directoryWithDatabase();
    for (const tenant of ['a', '', 'x'.repeat(500)])
      await db.database.quarantine.append(tenant, 'x', { reason: 'test' });
    await db.close();
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await StemeLevel.destroy(directory);
    expect(await readdir(directory)).toEqual(['notes.txt']);
    await mkdir(join(directory, 'quarantine'));
    await writeFile(join(directory, 'quarantine', 'notes.txt'), 'mine too');
    await StemeLevel.destroy(directory);
    expect(await readdir(join(directory, 'quarantine'))).toEqual(['notes.txt']);
    await db.open();
    expect(await db.keys().all()).toEqual([]);
    await db.close();
  });

  it('leaves a database that is open alone', async () => {
    const { directory, db } = await directoryWithDatabase();
    await expect(StemeLevel.destroy(directory)).rejects.toEqual(code('LEVEL_LOCKED'));
    expect(await db.get('a')).toBe('1');
    await db.close();
  });

  it('does nothing where there is nothing', async () => {
    await expect(StemeLevel.destroy(join(tmpdir(), 'stemedb-nothing-here'))).resolves.toBeUndefined();
  });
});
