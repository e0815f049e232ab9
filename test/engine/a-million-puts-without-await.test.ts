import { expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { openOn } from '../support/test-database.js';

it('takes a million small puts that nobody awaits, in order', async () => {
  await using db = await openOn(new MemoryFileSystem(), { memtableBytes: 64 * MIB, walSync: 'fdatasync' });
  const key = Buffer.alloc(4);
  let last: Promise<void> = Promise.resolve();
  for (let i = 0; i < 1_000_000; i++) {
    key.writeUInt32BE(i);
    last = db.put(key, key);
  }
  await settles('the last put', last);
  expect(db.stats().sequence).toEqual({ last: 1_000_000, visible: 1_000_000 });
  for (const i of [0, 1, 500_000, 999_999]) {
    key.writeUInt32BE(i);
    expect(db.getSync(key)).toEqual(key);
  }
});
