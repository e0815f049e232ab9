import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, openOn } from '../support/test-database.js';

function entryCount(db: Database): number {
  return db.stats().levels.reduce((sum, level) => sum + level.entryCount, 0);
}

/** Two versions of `a`, and a tombstone over `b`, with whatever `between` does after the older ones. */
async function compacted(db: Database, between: () => void = () => undefined): Promise<void> {
  await db.batch([
    { type: 'put', key: 'a', value: 'old' },
    { type: 'put', key: 'b', value: 'old' },
  ]);
  between();
  await db.batch([
    { type: 'put', key: 'a', value: 'new' },
    { type: 'del', key: 'b' },
  ]);
  await db.compact();
}

describe('a compaction', () => {
  it('drops shadowed versions and tombstones when nobody looks at them', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await compacted(db);
    expect(entryCount(db)).toBe(1);
    expect(await entriesOf(db)).toEqual([['a', 'new']]);
  });

  it('keeps them for an iterator that was opened before they were shadowed', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await compacted(db, () => db.iterator());
    expect(entryCount(db)).toBe(4);
    expect(await entriesOf(db)).toEqual([['a', 'new']]);
  });

  it('does not keep them for an iterator that is closed', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await compacted(db, () => void db.iterator().close());
    expect(entryCount(db)).toBe(1);
  });
});
