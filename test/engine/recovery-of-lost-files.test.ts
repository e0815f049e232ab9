import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { killedWithOneSegment } from '../support/log-damage.js';
import {
  code,
  DIRECTORY,
  entriesOf,
  filesOf,
  flipBit,
  keysOf,
  openOn,
  readWhole,
  replaceFile,
  withDatabase,
} from '../support/test-database.js';

async function withOneTable(): Promise<{ disk: MemoryFileSystem; table: string }> {
  const disk = new MemoryFileSystem();
  await withDatabase(disk, { compression: 'none' }, async (db) => {
    for (let i = 0; i < 200; i++) await db.put(`key ${String(i).padStart(3, '0')}`, `value ${i}`, { sync: false });
    await db.flush();
  });
  const [table] = await filesOf(disk, '.sst');
  return { disk, table };
}

async function openError(disk: MemoryFileSystem): Promise<unknown> {
  const error: unknown = await openOn(disk).catch((thrown: unknown) => thrown);
  // A failed open has let go of the directory: the next one is refused for the same reason, and not for a lock.
  await expect(openOn(disk)).rejects.toEqual(error);
  return error;
}

describe('a table', () => {
  it('that is missing is named at the open', async () => {
    const { disk, table } = await withOneTable();
    await disk.remove(`${DIRECTORY}/${table}`);
    expect(await openError(disk)).toMatchObject({
      code: 'STEME_CORRUPTION',
      damage: { file: table, found: 'no file' },
    });
  });

  it.each([-1, 1])('of another length (%i byte) is named at the open', async (difference) => {
    const { disk, table } = await withOneTable();
    const bytes = await readWhole(disk, table);
    const changed = new Uint8Array(bytes.length + difference);
    changed.set(bytes.subarray(0, changed.length));
    await replaceFile(disk, table, changed);
    expect(await openError(disk)).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: table } });
  });

  // law 5
  it.each(['mmap', 'pread'] as const)(
    'with a flipped bit gives the right answer or a CorruptionError, and never another (%s)',
    async (readMode) => {
      const { disk, table } = await withOneTable();
      const size = (await readWhole(disk, table)).length;
      let refusedCount = 0;
      for (let at = 0; at < size; at += 97) {
        const flipped = disk.clone();
        await flipBit(flipped, table, at, at % 8);
        await withDatabase(flipped, { readMode }, async (db) => {
          for (let i = 0; i < 200; i += 13) {
            try {
              expect(db.getSync(`key ${String(i).padStart(3, '0')}`)?.toString()).toBe(`value ${i}`);
            } catch (error) {
              expect(error).toBeInstanceOf(CorruptionError);
              expect(`${error}`).toContain(table);
              refusedCount++;
            }
          }
          await entriesOf(db).then(
            (entries) => expect(entries).toHaveLength(200),
            (error: unknown) => expect(error).toEqual(code('STEME_CORRUPTION')),
          );
        });
      }
      expect(refusedCount).toBeGreaterThan(0);
    },
  );

  it('with a flipped bit in a data block fails the scan that comes to it, and the compaction, which removes nothing', async () => {
    const { disk, table } = await withOneTable();
    await flipBit(disk, table, 100);
    await using db = await openOn(disk);
    await expect(entriesOf(db)).rejects.toEqual(code('STEME_CORRUPTION'));
    // Overlaps it: a table that is in nobody's way would go down unread.
    await db.put('key 005', 'new');
    await expect(db.compact()).rejects.toEqual(code('STEME_CORRUPTION'));
    expect(await filesOf(disk, '.sst')).toContain(table);
    // What can be read is still read, and writes go on.
    expect(db.getSync('key 199')?.toString()).toBe('value 199');
    await db.put('key 2', 'newer');
    expect(db.getSync('key 2')?.toString()).toBe('newer');
  });
});

describe('the manifest', () => {
  it('that CURRENT names and that is missing is named at the open', async () => {
    const { disk } = await withOneTable();
    const [manifest] = (await filesOf(disk)).filter((name) => name.startsWith('MANIFEST'));
    await disk.remove(`${DIRECTORY}/${manifest}`);
    expect(await openError(disk)).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: manifest } });
  });

  it('that is a new one, half written when the machine stopped, is passed over', async () => {
    const { disk } = await withOneTable();
    const names = await filesOf(disk);
    const [manifest] = names.filter((name) => name.startsWith('MANIFEST'));
    const half = (await readWhole(disk, manifest)).subarray(0, 100);
    await replaceFile(disk, 'MANIFEST-000900', half);
    await replaceFile(disk, 'CURRENT.tmp', Buffer.from('MANIFEST-0009'));
    await using db = await openOn(disk);
    expect(await keysOf(db)).toHaveLength(200);
    await db.put('a', '1');
    await db.flush();
    await db.close();
    expect(await filesOf(disk)).not.toContain('MANIFEST-000900');
    await using reopened = await openOn(disk);
    expect(await keysOf(reopened)).toHaveLength(201);
  });

  it.each([
    ['empty', ''],
    ['junk', '\u0000\u0001\u0002'],
    ['without its checksum', 'MANIFEST-000002\n'],
    ['with another checksum', 'MANIFEST-000002\ncrc32c 00000000\n'],
    ['far too long', 'M'.repeat(10_000)],
  ])('is not found by a CURRENT that is %s', async (_, text) => {
    const { disk } = await withOneTable();
    await replaceFile(disk, 'CURRENT', Buffer.from(text));
    expect(await openError(disk)).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: 'CURRENT' } });
  });
});

describe('a lost CURRENT', () => {
  it('is not built over while there are tables', async () => {
    const { disk } = await withOneTable();
    await disk.remove(`${DIRECTORY}/CURRENT`);
    const before = await disk.list(DIRECTORY);
    expect(await openError(disk)).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: 'CURRENT' } });
    expect((await disk.list(DIRECTORY)).filter((name) => !before.includes(name) && !name.endsWith('.log'))).toEqual([]);
  });

  it.each([{ readOnly: true }, { createIfMissing: false }])(
    'is damage and not a missing database, for an opener with %o too',
    async (options) => {
      const { disk } = await withOneTable();
      await disk.remove(`${DIRECTORY}/CURRENT`);
      await expect(openOn(disk, options)).rejects.toMatchObject({ code: 'STEME_CORRUPTION' });
      const { disk: logOnly } = await killedWithOneSegment();
      await logOnly.remove(`${DIRECTORY}/CURRENT`);
      await expect(openOn(logOnly, options)).rejects.toMatchObject({ code: 'STEME_CORRUPTION' });
    },
  );

  it('is not built over while the log holds records, though there is no table yet', async () => {
    const { disk, name } = await killedWithOneSegment();
    await disk.remove(`${DIRECTORY}/CURRENT`);
    const before = await disk.list(DIRECTORY);
    const error = await openError(disk);
    expect(error).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: 'CURRENT' } });
    expect(`${error}`).toContain(name);
    expect(await disk.list(DIRECTORY)).toEqual(before);
  });

  it('is no loss where the creation was cut short: a segment with its header alone is no record', async () => {
    for (const walSync of ['fdatasync', 'direct'] as const) {
      const disk = new MemoryFileSystem();
      await withDatabase(disk, { walSync }, () => undefined);
      await disk.remove(`${DIRECTORY}/CURRENT`);
      await withDatabase(disk, { walSync }, (db) => db.put('a', '1'));
      await using db = await openOn(disk);
      expect(await keysOf(db)).toEqual(['a']);
    }
  });
});
