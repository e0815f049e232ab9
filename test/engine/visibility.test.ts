import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BatchOperation } from '../../src/engine/api.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, openOn } from '../support/test-database.js';

// law 2
describe('a write', () => {
  it('is seen by nobody before it is acknowledged, and by everybody after', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('a', 'old');
    await db.put('b', 'old');
    const acks = [db.put('a', 'new'), db.del('b'), db.put('c', 'new')];
    expect(db.getSync('a')?.toString()).toBe('old');
    expect(db.getSync('b')?.toString()).toBe('old');
    expect(db.getSync('c')).toBeUndefined();
    expect(db.stats().sequence).toEqual({ last: 5, visible: 2 });
    expect(await db.iterator().nextv(5)).toHaveLength(2);
    expect((await Promise.all(acks.map((ack) => ack.then(() => db.getSync('a')?.toString())))).at(0)).toBe('new');
    expect(await entriesOf(db)).toEqual([
      ['a', 'new'],
      ['c', 'new'],
    ]);
  });

  it.each(['fdatasync', 'direct'] as const)('is not seen while its sync is under way (%s)', async (walSync) => {
    const seen: (string | undefined)[] = [];
    let watch: (operation: FileOperation) => void = () => undefined;
    const disk = interceptFileSystem(
      new MemoryFileSystem(),
      (operation) => watch(operation),
      (operation) => {
        watch(operation);
        return undefined;
      },
    );
    await using db = await openOn(disk, { walSync });
    await db.put('a', 'old');
    watch = ({ kind, path }) => {
      if (path.endsWith('.log') && (kind === 'write' || kind === 'datasync')) seen.push(db.getSync('a')?.toString());
    };
    await db.put('a', 'new');
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(new Set(seen)).toEqual(new Set(['old']));
    expect(db.getSync('a')?.toString()).toBe('new');
  });
});

describe('a batch', () => {
  const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`);
  function batchOf(value: string, valueBytes: number): BatchOperation[] {
    return keys.map((key) => ({ type: 'put', key, value: value.padEnd(valueBytes) }));
  }

  it.each([
    { name: 'within one frame', valueBytes: 10 },
    { name: 'larger than the log ring', valueBytes: 60_000 },
  ])('$name is seen whole or not at all, by a scan and by getMany', async ({ valueBytes }) => {
    await using db = await openOn(new MemoryFileSystem());
    await db.batch(batchOf('0', valueBytes));
    const seen = new Set<string>();
    for (let round = 1; round <= 4; round++) {
      let isDone = false;
      const ack = db.batch(batchOf(`${round}`, valueBytes)).then(() => {
        isDone = true;
      });
      while (!isDone) {
        const many = (await db.getMany(keys)).map((value) => value?.toString().trim());
        const scanned = (await entriesOf(db)).map(([, value]) => value.trim());
        expect(new Set(many).size).toBe(1);
        expect(new Set(scanned).size).toBe(1);
        expect(scanned).toHaveLength(keys.length);
        seen.add(scanned[0]);
        await nextTurn();
      }
      await ack;
    }
    expect(seen.size).toBeGreaterThan(2);
  });
});
