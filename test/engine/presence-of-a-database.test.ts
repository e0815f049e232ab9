import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { openForTest } from '../../src/testing.js';
import { code, DIRECTORY, entriesOf, openOn, withDatabase } from '../support/test-database.js';

async function existingDatabase(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await withDatabase(disk, {}, (db) => db.put('a', '1'));
  return disk;
}

describe('where there is no database', () => {
  it('one is made by default, parents and all', async () => {
    const disk = new MemoryFileSystem();
    const db = await openForTest(disk, '/some/where/new', { walSync: 'fdatasync' });
    await db.close();
    expect(await disk.list('/some/where/new')).toContain('CURRENT');
  });

  it.each([
    ['createIfMissing: false', { createIfMissing: false }],
    ['readOnly', { readOnly: true }],
  ])('%s refuses, whether there is a directory or not, and leaves nothing', async (_, options) => {
    const disk = new MemoryFileSystem();
    await expect(openOn(disk, options)).rejects.toEqual(code('STEME_NOT_FOUND'));
    expect(await disk.list('/')).toEqual([]);
    await disk.makeDirectory(DIRECTORY);
    await expect(openOn(disk, options)).rejects.toEqual(code('STEME_NOT_FOUND'));
    expect(await disk.list(DIRECTORY)).toEqual([]);
  });

  it('a file in the place of the directory is refused and left alone', async () => {
    const disk = new MemoryFileSystem();
    await (await disk.open(DIRECTORY, 'create')).close();
    for (const options of [{}, { createIfMissing: false }, { readOnly: true }]) {
      await expect(openOn(disk, options)).rejects.toEqual(code('STEME_IO'));
    }
    expect(await disk.statBytes(DIRECTORY)).toBe(0);
  });

  it.each([[''], [undefined], [7]])('%o is no directory', async (directory) => {
    const opening = openForTest(new MemoryFileSystem(), directory as string);
    await expect(opening).rejects.toEqual(code('STEME_INVALID_OPTION'));
  });

  it('other files in the directory are left alone', async () => {
    const disk = new MemoryFileSystem();
    await disk.makeDirectory(DIRECTORY);
    await (await disk.open(`${DIRECTORY}/notes.txt`, 'create')).close();
    await withDatabase(disk, {}, (db) => db.put('a', '1'));
    expect(await disk.list(DIRECTORY)).toContain('notes.txt');
  });
});

describe('where there is a database', () => {
  it('errorIfExists refuses, and the next open gets in', async () => {
    const disk = await existingDatabase();
    await expect(openOn(disk, { errorIfExists: true })).rejects.toEqual(code('STEME_EXISTS'));
    await using db = await openOn(disk);
    expect(await entriesOf(db)).toEqual([['a', '1']]);
  });

  it('a second opener is refused at once, a third after the first has closed is not', async () => {
    const disk = await existingDatabase();
    const first = await openOn(disk);
    await expect(openOn(disk)).rejects.toEqual(code('STEME_LOCKED'));
    await expect(openOn(disk, { readOnly: true })).rejects.toEqual(code('STEME_LOCKED'));
    // The refused ones have not let go of the lock for the first.
    await expect(openOn(disk)).rejects.toEqual(code('STEME_LOCKED'));
    await first.put('b', '2');
    await first.close();
    await using db = await openOn(disk);
    expect(await entriesOf(db)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });
});

describe('readOnly', () => {
  it('reads everything and refuses every write', async () => {
    const disk = await existingDatabase();
    await using db = await openOn(disk, { readOnly: true });
    expect(await entriesOf(db)).toEqual([['a', '1']]);
    expect(db.stats().readOnly).toBe(true);
    const refusal = code('STEME_READ_ONLY');
    await expect(db.put('b', '2')).rejects.toEqual(refusal);
    await expect(db.del('a')).rejects.toEqual(refusal);
    await expect(db.batch([{ type: 'del', key: 'a' }])).rejects.toEqual(refusal);
    await expect(db.sync()).rejects.toEqual(refusal);
    await expect(db.flush()).rejects.toEqual(refusal);
    await expect(db.compact()).rejects.toEqual(refusal);
    expect(await entriesOf(db)).toEqual([['a', '1']]);
  });

  it('changes nothing on the disk, whatever recovery finds', async () => {
    const disk = new MemoryFileSystem();
    const writer = await openOn(disk, { memtableBytes: 4096 });
    await writer.put('flushed', 'x');
    await writer.flush();
    for (let i = 0; i < 200; i++) await writer.put(`key ${i}`, 'v'.repeat(100), { sync: i % 50 === 0 });
    const killed = disk.clone();
    await writer.close();
    const kinds = new Set(['write', 'datasync', 'truncate', 'mkdir', 'rename', 'remove', 'syncDirectory'] as const);
    const tracing = new TracingFileSystem(killed, DIRECTORY, kinds);
    const opens = new TracingFileSystem(tracing, DIRECTORY, new Set(['open']));
    await withDatabase(opens, { readOnly: true, memtableBytes: 4096 }, async (db) => {
      expect((await entriesOf(db)).length).toBe(201);
    });
    expect(tracing.lines).toEqual([]);
    expect(opens.lines.filter((line) => !line.endsWith(' read'))).toEqual([]);
  });
});
