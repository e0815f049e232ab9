import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DIRECT_IO_BLOCK_BYTES, MIB, WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { outcomeOf, settles } from '../support/settles.js';
import { code, contentsOf, DIRECTORY, entriesOf, filesOf, openOn } from '../support/test-database.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;

describe('close', () => {
  it('may be called twice, at once or later, also by `await using`', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await Promise.all([db.close(), db.close()]);
    await db.close();
  });

  it('makes every later call fail with STEME_CLOSED', async () => {
    const db = await openOn(new MemoryFileSystem());
    const closing = db.close();
    const refusal = code('STEME_CLOSED');
    for (const moment of ['during', 'after']) {
      await expect(db.put('a', '1'), moment).rejects.toEqual(refusal);
      await expect(db.del('a')).rejects.toEqual(refusal);
      await expect(db.batch([])).rejects.toEqual(refusal);
      await expect(db.get('a')).rejects.toEqual(refusal);
      await expect(db.getMany(['a'])).rejects.toEqual(refusal);
      await expect(db.sync()).rejects.toEqual(refusal);
      await expect(db.flush()).rejects.toEqual(refusal);
      await expect(db.compact()).rejects.toEqual(refusal);
      expect(() => db.getSync('a')).toThrow(refusal as Error);
      expect(() => db.iterator()).toThrow(refusal as Error);
      expect(() => db.stats()).toThrow(refusal as Error);
      await closing;
    }
  });

  it('keeps no space behind the end of the log, through which the next open would look', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk, { flushOnClose: false });
    await db.put('a', '1');
    const logs = async (): Promise<string[]> => (await disk.list(DIRECTORY)).filter((name) => name.endsWith('.log'));
    const [log] = await logs();
    expect(await disk.statBytes(`${DIRECTORY}/${log}`)).toBeGreaterThanOrEqual(MIB);
    await db.close();
    expect(await logs()).toEqual([log]);
    expect(await disk.statBytes(`${DIRECTORY}/${log}`)).toBeLessThan(2 * DIRECT_IO_BLOCK_BYTES + 1);
    await using reopened = await openOn(disk);
    expect(await entriesOf(reopened)).toEqual([['a', '1']]);
  });

  it('ends open iterators', async () => {
    const db = await openOn(new MemoryFileSystem());
    await db.put('a', '1');
    await db.flush();
    const iterator = db.iterator();
    await iterator.next();
    const untouched = db.iterator();
    await settles('the close', db.close());
    await expect(iterator.next()).rejects.toEqual(code('STEME_CLOSED'));
    await expect(untouched.nextv(1)).rejects.toEqual(code('STEME_CLOSED'));
    await iterator.close();
  });

  it('waits for writes in flight: they are acknowledged, and there after the next open', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk, { memtableBytes: 8192 });
    const acks: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) acks.push(db.put(`key ${i}`, 'v'.repeat(200), { sync: i % 2 === 0 }));
    const closing = db.close();
    await settles('the writes', Promise.all(acks));
    await settles('the close', closing);
    expect(await contentsOf(disk.crashClone(1))).toHaveLength(300);
  });

  it('waits for a record that is larger than the ring', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk);
    const ack = db.put('large', Buffer.alloc(2 * RING_BYTES), { sync: false });
    await settles('the close', db.close());
    await settles('the large write', ack);
    expect(await contentsOf(disk.crashClone(1))).toHaveLength(1);
  });

  it('makes durable what was only written, as a sync would', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk);
    await db.put('a', '1', { sync: false });
    await db.close();
    expect(await contentsOf(disk.crashClone(1))).toEqual([['a', '1']]);
  });

  it('touches nothing in the directory after it has let go of it, whatever was under way', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const operations: FileOperation[] = [];
      const watched = interceptFileSystem(new MemoryFileSystem(), (operation) => operations.push(operation));
      const db = await openOn(watched, { memtableBytes: 4096 });
      for (let i = 0; i < 20; i++) await db.put(`key ${i}`, 'v'.repeat(500), { sync: false });
      const jobs = [db.flush(), db.compact(), db.compact(), db.flush()].map((job) => outcomeOf('a job', job));
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      await settles('the close', db.close());
      operations.length = 0;
      const outcomes = await Promise.all(jobs);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      expect(operations, `closed after ${turns} turns`).toEqual([]);
      for (const outcome of outcomes) if ('error' in outcome) expect(outcome.error).toEqual(code('STEME_CLOSED'));
    }
  });

  it('leaves no spare space and no half-made table behind', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk, { memtableBytes: 8192 });
    for (let i = 0; i < 500; i++) await db.put(`key ${i}`, 'v'.repeat(500), { sync: false });
    await db.flush();
    await db.compact();
    await db.close();
    expect(await filesOf(disk, '.recycled')).toEqual([]);
    expect(await filesOf(disk, '.sst')).toHaveLength(1);
    expect(await contentsOf(disk)).toHaveLength(500);
  });

  it('says so when it could not make acknowledged writes durable', async () => {
    const disk = new MemoryFileSystem();
    // Zeros of the first segment, its header, manifest, CURRENT.tmp: then the sync of the close.
    const faulty = new FaultyFileSystem(disk, [{ kind: 'datasync', path: /\.log$/, nth: 3 }]);
    const db = await openOn(faulty);
    await db.put('a', '1', { sync: false });
    await expect(db.close()).rejects.toEqual(code('STEME_BACKGROUND'));
    expect(faulty.injected).toHaveLength(1);
    // The directory is free again all the same.
    await using reopened = await openOn(disk);
    expect(await entriesOf(reopened)).toEqual([['a', '1']]);
  });

  it('says nothing more of a failure that a writer has heard of already', async () => {
    const faulty = new FaultyFileSystem(new MemoryFileSystem(), [{ kind: 'datasync', path: /\.log$/, nth: 3 }]);
    const db = await openOn(faulty);
    await expect(db.put('a', '1')).rejects.toEqual(code('STEME_BACKGROUND'));
    await db.close();
  });
});
