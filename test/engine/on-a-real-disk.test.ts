import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Options, open } from '../../src/index.js';
import { settles } from '../support/settles.js';
import { code, entriesOf } from '../support/test-database.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
});
afterEach(() => rm(directory, { recursive: true }));

const OPTION_SETS: [name: string, options: Options][] = [
  ['mmap and the faster sync', {}],
  ['pread and fdatasync', { readMode: 'pread', walSync: 'fdatasync' }],
  ['direct writes where the disk takes them', { walSync: 'direct', compression: 'none' }],
];

describe('with real files and worker threads', () => {
  it.each(OPTION_SETS)('everything is there after flushes, a compaction and a reopen: %s', async (_, options) => {
    const path = join(directory, 'nested', 'db');
    const db = await open(path, { memtableBytes: 65_536, threads: 1, ...options });
    const expected = new Map<string, string>();
    for (let round = 0; round < 3; round++) {
      const acks: Promise<void>[] = [];
      for (let i = 0; i < 600; i++) {
        const key = `key ${String((i * 7 + round * 13) % 900).padStart(4, '0')}`;
        expected.set(key, `${round}/${i}`.padEnd(150, '.'));
        acks.push(db.put(key, expected.get(key) ?? '', { sync: i % 20 === 0 }));
      }
      await settles('the writes', Promise.all(acks));
      await settles('the flush', round === 1 ? db.compact() : db.flush());
    }
    const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(await entriesOf(db)).toEqual(sorted);
    expect(db.stats().flushes.count).toBeGreaterThan(2);
    expect(db.stats().compactions.count).toBe(1);
    await settles('the close', db.close());
    const reopened = await open(path, { ...options, readOnly: true });
    expect(await entriesOf(reopened)).toEqual(sorted);
    expect(reopened.getSync(sorted[5][0])?.toString()).toBe(sorted[5][1]);
    await reopened.close();
  });

  it('a second opener of this process is refused, a file in the place of the directory too', async () => {
    const path = join(directory, 'db');
    await using db = await open(path);
    await db.put('a', '1');
    await expect(open(path)).rejects.toEqual(code('STEME_LOCKED'));
    await writeFile(join(directory, 'file'), 'not a directory');
    await expect(open(join(directory, 'file'))).rejects.toEqual(code('STEME_IO'));
    await expect(open(join(directory, 'none'), { createIfMissing: false })).rejects.toEqual(code('STEME_NOT_FOUND'));
  });

  it('an iterator reads its moment from tables that a compaction has replaced', async () => {
    await using db = await open(join(directory, 'db'), { threads: 1, blockCacheBytes: 0 });
    await db.put('a', 'old');
    await db.flush();
    await using iterator = db.iterator();
    await db.put('a', 'new');
    await db.compact();
    expect((await iterator.next()).value?.[1].toString()).toBe('old');
    expect(db.getSync('a')?.toString()).toBe('new');
  });

  it('a bulk load goes through worker threads into several tables, and is there after a reopen and in a checkpoint', async () => {
    const path = join(directory, 'db');
    const source = Array.from({ length: 3000 }, (_, i): [string, string] => [
      `key ${String(i).padStart(5, '0')}`,
      `${i}`.padEnd(200, '.'),
    ]);
    const db = await open(path, { threads: 2, memtableBytes: 131_072 });
    await db.put(source[7][0], 'replaced');
    const { tables } = await settles('the bulk load', db.bulkLoad(source));
    expect(tables).toBeGreaterThan(3);
    expect(await entriesOf(db)).toEqual(source);
    await settles('the checkpoint', db.checkpoint(join(directory, 'copy')));
    await settles('the close', db.close());
    for (const place of [path, join(directory, 'copy')]) {
      const reopened = await open(place, { readOnly: true });
      expect(await entriesOf(reopened)).toEqual(source);
      await reopened.close();
    }
  });
});
