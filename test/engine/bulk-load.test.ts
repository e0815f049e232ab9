import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BulkLoadEntry, Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { OutputOf, WorkerJob } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { code, DIRECTORY, entriesOf, filesOf, openOn, withDatabase } from '../support/test-database.js';

const OPTIONS = { autoCompact: false, memtableBytes: 4096 } as const;

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

const keyOf = (i: number): string => `key ${String(i).padStart(5, '0')}`;

function entries(from: number, to: number, tag = 'loaded'): [string, string][] {
  return Array.from({ length: to - from }, (_, i) => [keyOf(from + i), `${tag} ${from + i}`.padEnd(60, '.')]);
}

async function* slowly(source: readonly BulkLoadEntry[]): AsyncGenerator<BulkLoadEntry> {
  for (const entry of source) {
    await nextTurn();
    yield entry;
  }
}

function load(db: Database, source: Iterable<BulkLoadEntry> | AsyncIterable<BulkLoadEntry>) {
  return settles('the bulk load', db.bulkLoad(source));
}

describe('a bulk load', () => {
  it('is read like any other data, before and after a reopen, and needs no log', async () => {
    const source = entries(0, 500);
    const db = await openOn(disk, OPTIONS);
    const logBytes = db.stats().wal.writtenBytes;
    const result = await load(db, source);
    expect(result).toMatchObject({ entries: 500, level: 6 });
    expect(result.bytes).toBe(source.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
    expect(result.tables).toBeGreaterThan(5);
    expect(db.stats().wal.writtenBytes - logBytes).toBeLessThan(10_000);
    expect(await entriesOf(db)).toEqual(source);
    expect(db.getSync(keyOf(77))?.toString()).toBe(source[77][1]);
    expect(db.getSync('key 00077x')).toBeUndefined();
    await db.close();
    await withDatabase(disk, OPTIONS, async (again) => {
      expect(await entriesOf(again)).toEqual(source);
      await again.put(keyOf(3), 'newer');
      expect(again.getSync(keyOf(3))?.toString()).toBe('newer');
    });
  });

  it('keeps large values in blob files, with their end if they have one', async () => {
    const source = entries(0, 200).map(([key, value], i) => [key, i % 2 === 0 ? value : value.repeat(10)] as const);
    const options = { ...OPTIONS, blobThreshold: 500 };
    await withDatabase(disk, options, async (db) => {
      await settles('the bulk load', db.bulkLoad(source, { ttlMs: 3_600_000 }));
      expect(db.stats().blobs).toMatchObject({ valueBytes: 100 * 600, garbageBytes: 0 });
      expect(await entriesOf(db)).toEqual(source);
    });
    await withDatabase(disk, options, async (db) => {
      expect(db.getSync(keyOf(77))?.toString()).toBe(source[77][1]);
      await db.deleteRange(keyOf(0), keyOf(200));
      await db.compact();
      expect(await filesOf(disk, '.blob')).toEqual([]);
    });
  });

  it('takes bytes and text, from arrays, generators, maps and asynchronous generators', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await load(db, [[Uint8Array.of(1), Uint8Array.of(255)]]);
      await load(db, new Map([['b', '1']]));
      await load(
        db,
        (function* (): Generator<BulkLoadEntry> {
          yield ['c', '2'];
        })(),
      );
      await load(
        db,
        slowly([
          ['d', ''],
          ['é', '3'],
        ]),
      );
      expect(db.getSync(Uint8Array.of(1))).toEqual(Buffer.of(255));
      expect((await entriesOf(db)).slice(1)).toEqual([
        ['b', '1'],
        ['c', '2'],
        ['d', ''],
        ['é', '3'],
      ]);
    });
  });

  it('of nothing changes nothing', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      expect(await load(db, [])).toEqual({ entries: 0, bytes: 0, tables: 0, level: undefined });
      expect(db.stats().sequence.last).toBe(0);
    });
  });

  it('is newer than everything before it, in memory and in tables, and older than everything after it', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await db.batch(entries(0, 40, 'deep').map(([key, value]) => ({ type: 'put', key, value })));
      await db.compact();
      await db.batch(entries(10, 20, 'flushed').map(([key, value]) => ({ type: 'put', key, value })));
      await db.flush();
      await db.put(keyOf(12), 'in memory');
      await db.del(keyOf(13));
      const { level } = await load(db, entries(5, 30));
      expect(level).toBe(0);
      const expected = [...entries(0, 5, 'deep'), ...entries(5, 30), ...entries(30, 40, 'deep')];
      expect(await entriesOf(db)).toEqual(expected);
      await db.compact();
      expect(await entriesOf(db)).toEqual(expected);
      await db.put(keyOf(12), 'after');
      await db.deleteRange(keyOf(20), keyOf(29));
      const after = expected
        .map(([key, value]) => [key, key === keyOf(12) ? 'after' : value])
        .filter(([key]) => key < keyOf(20) || key >= keyOf(29));
      expect(await entriesOf(db)).toEqual(after);
      await db.compact();
      expect(await entriesOf(db)).toEqual(after);
    });
  });

  it('is hidden by no range delete from before it', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await db.put(keyOf(1), 'old');
      await db.deleteRange(keyOf(0), keyOf(100));
      await load(db, entries(0, 50));
      expect(await entriesOf(db)).toEqual(entries(0, 50));
      await db.compact();
      expect(await entriesOf(db)).toEqual(entries(0, 50));
    });
  });

  it('goes as deep as nothing in its range lies there or above', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      expect((await load(db, entries(0, 100))).level).toBe(6);
      expect((await load(db, entries(200, 300))).level).toBe(6);
      expect((await load(db, entries(100, 200))).level).toBe(6);
      expect((await load(db, entries(50, 60, 'again'))).level).toBe(5);
      expect((await load(db, entries(55, 250, 'third'))).level).toBe(4);
      const expected = [
        ...entries(0, 50),
        ...entries(50, 55, 'again'),
        ...entries(55, 250, 'third'),
        ...entries(250, 300),
      ];
      expect(await entriesOf(db)).toEqual(expected);
      await db.compact();
      expect(await entriesOf(db)).toEqual(expected);
    });
  });

  it('appears in one moment, to nobody who looks at an earlier one', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await db.put(keyOf(1), 'old');
      using snapshot = db.snapshot();
      await using iterator = db.iterator();
      const seen = new Set<string>();
      let isDone = false;
      const watching = (async () => {
        while (!isDone) {
          const found = await entriesOf(db);
          seen.add(`${found.length} ${found[1]?.[1].startsWith('loaded') ?? found[0][1]}`);
          await nextTurn();
        }
      })();
      await load(db, entries(0, 200));
      isDone = true;
      await watching;
      seen.add(`${(await entriesOf(db)).length} true`);
      expect([...seen].sort()).toEqual(['1 old', '200 true']);
      expect(await entriesOf(db, { snapshot })).toEqual([[keyOf(1), 'old']]);
      expect((await iterator.nextv(10)).map(String)).toEqual([`${keyOf(1)},old`]);
      await db.compact();
      expect(await entriesOf(db, { snapshot })).toEqual([[keyOf(1), 'old']]);
      expect((await entriesOf(db)).length).toBe(200);
    });
  });

  it('shows nothing to a snapshot taken while its tables are in place and its sequence is not visible yet', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      const taken: { snapshot: ReturnType<Database['snapshot']>; hasTables: boolean }[] = [];
      const take = () => taken.push({ snapshot: db.snapshot(), hasTables: db.stats().levels[6].fileCount > 0 });
      let isDone = false;
      const loading = load(db, entries(0, 300)).finally(() => {
        isDone = true;
      });
      for (; !isDone; await nextTurn()) take();
      await loading;
      take();
      await db.put(keyOf(0), 'newer');
      await db.compact();
      const states = new Set<string>();
      for (const { snapshot, hasTables } of taken) {
        states.add(`${hasTables ? 'tables' : 'none'}, ${(await entriesOf(db, { snapshot })).length} entries`);
        snapshot.close();
      }
      expect(states).toEqual(new Set(['none, 0 entries', 'tables, 0 entries', 'tables, 300 entries']));
    });
  });

  it('makes a transaction conflict that has read what it replaces', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await db.put(keyOf(1), 'old');
      const run = db.transaction(async (tx) => {
        await tx.get(keyOf(1));
        await db.bulkLoad(entries(0, 5));
        tx.put('x', 'y');
      });
      await expect(run).rejects.toEqual(code('STEME_CONFLICT'));
    });
  });

  it('goes on beside writes, which come before or after it as a whole', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      let isDone = false;
      const expected = new Map<string, string>();
      const writing = (async () => {
        for (let i = 0; !isDone; i++) {
          await db.put(`other ${i % 50}`, `${i}`, { sync: false });
          expected.set(`other ${i % 50}`, `${i}`);
        }
      })();
      const loads = [
        load(db, slowly(entries(0, 150))),
        load(db, slowly(entries(150, 300))),
        load(db, entries(300, 400)),
      ];
      await Promise.all(loads);
      isDone = true;
      await writing;
      const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(await entriesOf(db)).toEqual([...entries(0, 400), ...sorted]);
    });
    expect((await withDatabase(disk, OPTIONS, (db) => entriesOf(db))).length).toBeGreaterThan(400);
  });

  it('goes on beside compactions of the same range', async () => {
    await withDatabase(disk, { ...OPTIONS, autoCompact: true }, async (db) => {
      const expected = new Map<string, string>();
      for (let round = 0; round < 12; round++) {
        const from = (round * 37) % 200;
        for (const [key, value] of entries(from, from + 60, `put ${round}`)) {
          expected.set(key, value);
          await db.put(key, value, { sync: false });
        }
        const source = entries(from + 30, from + 130, `load ${round}`);
        const compaction = round % 3 === 0 ? db.compact() : db.flush();
        await load(db, source);
        for (const [key, value] of source) expected.set(key, value);
        await settles('the compaction', compaction);
        const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(await entriesOf(db)).toEqual(sorted);
      }
    });
  });

  it('expires as puts do, by its own time or that of the database', async () => {
    let nowMs = 1_000_000;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
    const db = await openWith(DIRECTORY, { ...OPTIONS, ttlMs: 5000 }, testEnvironment(disk, { clock }));
    await db.bulkLoad(entries(0, 3));
    await db.bulkLoad(entries(10, 13), { ttlMs: 9000 });
    expect((await entriesOf(db)).length).toBe(6);
    nowMs += 5000;
    expect(await entriesOf(db)).toEqual(entries(10, 13));
    nowMs += 4000;
    expect(await entriesOf(db)).toEqual([]);
    await db.close();
  });

  it('takes an entry that is larger than a chunk, and keeps the order of tables', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      const source: [string, string][] = entries(0, 60).map(([key, value], i) => [
        key,
        i % 13 === 5 ? 'large '.repeat(3000 * (1 + (i % 2))) : value,
      ]);
      await load(db, source);
      expect(await entriesOf(db)).toEqual(source);
    });
  });

  it('never has more than two chunks in memory, and gives others a turn', async () => {
    const jobs: number[] = [];
    let produced = 0;
    let turns = 0;
    const runner = new InlineRunner(disk);
    let release: () => void = () => {};
    const createRunner = () => ({
      run: async <J extends WorkerJob>(job: J): Promise<OutputOf<J>> => {
        jobs.push(produced);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return runner.run(job);
      },
      close: () => runner.close(),
    });
    const db = await openWith(DIRECTORY, OPTIONS, testEnvironment(disk, { createRunner }));
    function* counted(): Generator<BulkLoadEntry> {
      for (const entry of entries(0, 2000)) {
        produced++;
        yield entry;
      }
    }
    let isDone = false;
    const loading = db.bulkLoad(counted()).finally(() => {
      isDone = true;
    });
    let waitedAt = 0;
    while (!isDone) {
      turns++;
      await nextTurn();
      // While the first job hangs, the second chunk fills up and then the source has to wait.
      if (jobs.length === 1 && turns < 50) waitedAt = produced;
      else release();
    }
    await loading;
    expect(waitedAt).toBeLessThan(2 * jobs[0] + 5);
    expect(jobs.length).toBeGreaterThan(20);
    await db.close();
  });

  const BAD: [name: string, source: unknown, problem: string, message: RegExp][] = [
    [
      'an unsorted key',
      [
        ['b', '1'],
        ['c', '2'],
        ['a', '3'],
      ],
      'STEME_INVALID_BATCH',
      /entry 2 .*before that of entry 1/,
    ],
    [
      'a key that comes twice',
      [
        ['b', '1'],
        ['b', '2'],
      ],
      'STEME_INVALID_BATCH',
      /entry 1 .*the same as that of entry 0/,
    ],
    [
      'a prefix after its longer key',
      [
        ['ab', '1'],
        ['a', '2'],
      ],
      'STEME_INVALID_BATCH',
      /entry 1/,
    ],
    ['an entry that is none', [['a', '1'], 'b'], 'STEME_INVALID_BATCH', /entry 1 .*pair/],
    ['an entry of three', [['a', '1', '2']], 'STEME_INVALID_BATCH', /entry 0 .*pair/],
    [
      'an empty key',
      [
        ['a', '1'],
        ['', '2'],
      ],
      'STEME_INVALID_KEY',
      /entry 1 .*must not be empty/,
    ],
    ['a number as a key', [[5, '1']], 'STEME_INVALID_KEY', /entry 0/],
    ['a value that is none', [['a', undefined]], 'STEME_INVALID_VALUE', /entry 0/],
    ['no source', undefined, 'STEME_INVALID_BATCH', /iterable/],
    ['an object', { a: 1 }, 'STEME_INVALID_BATCH', /iterable/],
  ];

  it.each(BAD)('refuses %s, and leaves nothing', async (_, source, problem, message) => {
    await withDatabase(disk, OPTIONS, async (db) => {
      const error: unknown = await db.bulkLoad(source as never).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: problem, message: expect.stringMatching(message) });
      expect(await filesOf(disk, '.sst')).toEqual([]);
      expect(await entriesOf(db)).toEqual([]);
      await db.put('a', 'writes go on');
    });
  });

  it('refuses an order that breaks after many tables, removes them all, and tells the source to end', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      let isEnded = false;
      async function* broken(): AsyncGenerator<BulkLoadEntry> {
        try {
          yield* entries(0, 500);
          yield ['a', 'out of order'];
        } finally {
          isEnded = true;
        }
      }
      await expect(load(db, broken())).rejects.toEqual(code('STEME_INVALID_BATCH'));
      expect(isEnded).toBe(true);
      expect(await filesOf(disk, '.sst')).toEqual([]);
      expect(db.stats().sequence.last).toBe(0);
    });
  });

  it('passes on what the source throws, and what onProgress throws', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      async function* failing(): AsyncGenerator<BulkLoadEntry> {
        yield* entries(0, 300);
        throw new Error('the source is gone');
      }
      await expect(load(db, failing())).rejects.toThrow('the source is gone');
      const onProgress = () => {
        throw new Error('no more of it');
      };
      await expect(db.bulkLoad(entries(0, 300), { onProgress })).rejects.toThrow('no more of it');
      expect(await filesOf(disk, '.sst')).toEqual([]);
    });
  });

  it('tells how far it is, table by table', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      const seen: number[] = [];
      const { tables } = await db.bulkLoad(entries(0, 300), { onProgress: (at) => seen.push(at.entries) });
      expect(seen.length).toBe(tables);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.at(-1)).toBe(300);
    });
  });

  it('ends at its signal, also when the source never comes up with an entry, and leaves nothing', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      async function* stuck(): AsyncGenerator<BulkLoadEntry> {
        yield* entries(0, 200);
        await new Promise(() => {});
      }
      const controller = new AbortController();
      const loading = db.bulkLoad(stuck(), { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      await expect(settles('the load', loading)).rejects.toEqual(code('STEME_ABORTED'));
      await expect(db.bulkLoad([], { signal: AbortSignal.abort() })).rejects.toEqual(code('STEME_ABORTED'));
      expect(await filesOf(disk, '.sst')).toEqual([]);
      expect(await load(db, entries(0, 10))).toMatchObject({ entries: 10 });
    });
  });

  it('ends when its database is closed, which waits for that', async () => {
    const db = await openOn(disk, OPTIONS);
    async function* stuck(): AsyncGenerator<BulkLoadEntry> {
      yield* entries(0, 200);
      await new Promise(() => {});
    }
    const loading = db.bulkLoad(stuck());
    loading.catch(() => undefined);
    await nextTurn();
    await settles('the close', db.close());
    await expect(loading).rejects.toEqual(code('STEME_CLOSED'));
    expect(await filesOf(disk, '.sst')).toEqual([]);
    await expect(db.bulkLoad([])).rejects.toEqual(code('STEME_CLOSED'));
  });

  it('is refused on a read-only database, and with wrong options', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      const bad = { signal: 1, ttlMs: -1, onProgress: 1 };
      await expect(db.bulkLoad([], bad as never)).rejects.toMatchObject({
        code: 'STEME_INVALID_OPTION',
        problems: { length: 3 },
      });
    });
    await withDatabase(disk, { readOnly: true }, async (db) => {
      await expect(db.bulkLoad([])).rejects.toEqual(code('STEME_READ_ONLY'));
    });
  });
});
