import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { StemeError } from '../../src/base/errors.js';
import { ITERATOR_WARNING_MS } from '../../src/base/limits.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database, EntryIterator } from '../../src/engine/api.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { code, DIRECTORY, filesOf, keysOf } from '../support/test-database.js';

/** A database on a disk of memory, with time in the test's hand and its warnings kept. */
class Rig {
  readonly disk = new MemoryFileSystem();
  readonly time = new SimulatedTime();
  readonly warnings: StemeError[] = [];

  open(): Promise<Database> {
    const environment = testEnvironment(this.disk, {
      clock: this.time,
      timers: this.time,
      onWarning: (warning) => this.warnings.push(warning),
    });
    return openWith(DIRECTORY, { walSync: 'fdatasync' }, environment);
  }
}

async function put(db: Database, keys: string): Promise<void> {
  for (const key of keys) await db.put(key, `value of ${key}`);
}

describe('an aborted iterator', () => {
  it('fails in every later call with the reason of the signal, and holds nothing any more', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    await put(db, 'abc');
    const controller = new AbortController();
    const iterator = db.iterator({ signal: controller.signal });
    expect((await iterator.next()).value?.[0].toString()).toBe('a');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(db.stats().iterators.open).toBe(0);
    const aborted = expect.objectContaining({ code: 'STEME_ABORTED', cause: reason });
    await expect(iterator.next()).rejects.toEqual(aborted);
    await expect(iterator.nextv(2)).rejects.toEqual(aborted);
    expect(() => iterator.nextvSync(2)).toThrow(aborted);
    expect(() => iterator.seek('a')).toThrow(aborted);
    await iterator.close();
    await expect(iterator.next()).rejects.toEqual(aborted);
  });

  it('is aborted from the start by a signal that was', async () => {
    await using db = await new Rig().open();
    const iterator = db.iterator({ signal: AbortSignal.abort() });
    expect(db.stats().iterators.open).toBe(0);
    await expect(iterator.nextv(1)).rejects.toEqual(code('STEME_ABORTED'));
  });

  it('fails in the middle of a long nextv', async () => {
    await using db = await new Rig().open();
    const operations = Array.from({ length: 50_000 }, (_, i) => ({ type: 'put' as const, key: `${i}`, value: '' }));
    await db.batch(operations);
    const controller = new AbortController();
    const pending = db.iterator({ signal: controller.signal }).nextv(50_000);
    setImmediate(() => controller.abort());
    await expect(pending).rejects.toEqual(code('STEME_ABORTED'));
  });

  it('ends a for await loop with the error', async () => {
    await using db = await new Rig().open();
    await put(db, 'abc');
    const controller = new AbortController();
    const seen: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const [key] of db.iterator({ signal: controller.signal })) {
        seen.push(key.toString());
        controller.abort();
      }
    };
    await expect(loop()).rejects.toEqual(code('STEME_ABORTED'));
    expect(seen).toEqual(['a']);
  });

  it('leaves alone what has ended before, and others', async () => {
    await using db = await new Rig().open();
    await put(db, 'abc');
    const controller = new AbortController();
    const closed = db.iterator({ signal: controller.signal });
    await closed.close();
    const other = db.iterator();
    controller.abort();
    await expect(closed.next()).rejects.toEqual(code('STEME_CLOSED'));
    expect(await other.nextv(5)).toHaveLength(3);
    await other.close();
  });

  it('needs no listener of its own for each of many on one signal', async () => {
    await using db = await new Rig().open();
    const { signal } = new AbortController();
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const iterators = Array.from({ length: 50 }, () => db.iterator({ signal }));
    await delay(5);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    for (const iterator of iterators) await iterator.close();
  });

  it('takes nothing but an AbortSignal for a signal', async () => {
    await using db = await new Rig().open();
    const signal = JSON.parse('{ "aborted": true }');
    expect(() => db.iterator({ signal })).toThrow(code('STEME_INVALID_OPTION'));
    expect(db.stats().iterators.open).toBe(0);
  });
});

async function failingLoop(db: Database): Promise<void> {
  for await (const _ of db.iterator()) throw new Error('enough');
}

describe('a for await loop', () => {
  it('closes its iterator when it is over: at the end, left early, or with an error', async () => {
    await using db = await new Rig().open();
    await put(db, 'abc');
    expect(await keysOf(db)).toEqual(['a', 'b', 'c']);
    for await (const _ of db.iterator()) break;
    await expect(failingLoop(db)).rejects.toThrow('enough');
    expect(db.stats().iterators.open).toBe(0);
  });

  it('closes its iterator when that fails', async () => {
    const disk = new MemoryFileSystem();
    let isBroken = false;
    const rule: FaultRule = { kind: 'read', path: (path) => isBroken && path.endsWith('.sst'), nth: 1, times: 9 };
    const options = { blockCacheBytes: 0, readMode: 'pread' as const, walSync: 'fdatasync' as const };
    await using db = await openWith(DIRECTORY, options, testEnvironment(new FaultyFileSystem(disk, [rule])));
    await put(db, 'abc');
    await db.flush();
    // Opens the table: what fails is the read of a block.
    await db.get('a');
    isBroken = true;
    const loop = async (): Promise<void> => {
      for await (const _ of db.iterator()) break;
    };
    await expect(loop()).rejects.toEqual(code('STEME_IO'));
    expect(db.stats().iterators.open).toBe(0);
  });
});

describe('an iterator that was lost', () => {
  async function collectUntil(isDone: () => boolean): Promise<void> {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    for (let i = 0; i < 100 && !isDone(); i++) {
      collect();
      await delay(5);
    }
  }

  it('lets go of its files when it is collected, and a warning says what to do', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    await put(db, 'abc');
    await db.flush();
    await (async () => void (await db.iterator().next()))();
    expect(db.stats().iterators.open).toBe(1);
    await collectUntil(() => rig.warnings.length > 0);
    expect(rig.warnings).toMatchObject([{ code: 'STEME_LEAK', message: expect.stringContaining('iterator.close()') }]);
    expect(db.stats().iterators.open).toBe(0);
    await put(db, 'abc');
    await db.flush();
    await db.compact();
    // The collector of files works behind the compaction.
    for (let i = 0; i < 100 && (await filesOf(rig.disk, '.sst')).length > 1; i++) await delay(1);
    expect(await filesOf(rig.disk, '.sst')).toHaveLength(1);
  });

  it('lets go however many others were opened and closed in the same turn', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    (() => {
      for (let i = 0; i < 200; i++) {
        const iterator = db.iterator();
        if (i % 50 !== 7) void iterator.close();
      }
    })();
    expect(db.stats().iterators.open).toBe(4);
    await collectUntil(() => db.stats().iterators.open === 0);
    expect(db.stats().iterators.open).toBe(0);
    expect(rig.warnings).toHaveLength(4);
  });

  it('is collected even when a signal that lives on could abort it', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    const controller = new AbortController();
    (() => void db.iterator({ signal: controller.signal }))();
    await collectUntil(() => rig.warnings.length > 0);
    expect(db.stats().iterators.open).toBe(0);
    controller.abort();
  });

  it('is not what is closed, nor what a loop has left', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    await put(db, 'abc');
    await (async () => {
      await expect(failingLoop(db)).rejects.toThrow('enough');
      await db.iterator().close();
      for await (const _ of db.iterator()) break;
      await keysOf(db);
    })();
    const kept = db.iterator();
    let isLost = false;
    const registry = new FinalizationRegistry(() => {
      isLost = true;
    });
    (() => registry.register({}, undefined))();
    await collectUntil(() => isLost);
    expect(rig.warnings).toEqual([]);
    expect(await kept.nextv(9)).toHaveLength(3);
    await kept.close();
  });
});

describe('an iterator that is open for long', () => {
  const warnings = (rig: Rig): string[] => rig.warnings.map((warning) => warning.code);

  it('is reported once', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    await using iterator = db.iterator();
    rig.time.advance(ITERATOR_WARNING_MS - 1);
    expect(warnings(rig)).toEqual([]);
    expect(db.stats().iterators).toEqual({ open: 1, oldestAgeMs: ITERATOR_WARNING_MS - 1 });
    rig.time.advance(1);
    expect(rig.warnings).toMatchObject([{ code: 'STEME_LEAK', message: expect.stringContaining('open for 600 s') }]);
    rig.time.advance(10 * ITERATOR_WARNING_MS);
    expect(warnings(rig)).toHaveLength(1);
    expect(await iterator.nextv(1)).toEqual([]);
  });

  it('is reported each for itself, and not when it was closed in time', async () => {
    const rig = new Rig();
    await using db = await rig.open();
    const open: EntryIterator[] = [db.iterator()];
    rig.time.advance(1000);
    const closed = db.iterator();
    rig.time.advance(1000);
    open.push(db.iterator());
    await closed.close();
    rig.time.advance(ITERATOR_WARNING_MS - 1000);
    expect(warnings(rig)).toHaveLength(1);
    rig.time.advance(1000);
    expect(warnings(rig)).toHaveLength(2);
    for (const iterator of open) await iterator.close();
    rig.time.advance(10 * ITERATOR_WARNING_MS);
    expect(warnings(rig)).toHaveLength(2);
    expect(db.stats().iterators).toEqual({ open: 0, oldestAgeMs: 0 });
  });
});

it('an iterator is closed by its database, and says so', async () => {
  const rig = new Rig();
  const db = await rig.open();
  const iterator = db.iterator();
  await db.close();
  await expect(iterator.next()).rejects.toEqual(code('STEME_CLOSED'));
  await iterator.close();
  expect(rig.time.timerCount).toBe(0);
});
