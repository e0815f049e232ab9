import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database, Transaction } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { code, DIRECTORY, entriesOf, openOn } from '../support/test-database.js';

async function textOf(value: Promise<Buffer | undefined>): Promise<string | undefined> {
  return (await value)?.toString();
}

async function openWithEntries(entries: Record<string, string>, options: Options = {}): Promise<Database> {
  const db = await openOn(new MemoryFileSystem(), options);
  await db.batch(Object.entries(entries).map(([key, value]) => ({ type: 'put', key, value })));
  return db;
}

/** What came between the reads of a transaction and its commit. */
type Between = (db: Database) => Promise<void>;

/** Runs `work`, lets `between` happen after it has read, then lets it commit. */
function interleave(db: Database, work: (tx: Transaction) => Promise<unknown>, between: Between): Promise<unknown> {
  return db.transaction(async (tx) => {
    await work(tx);
    await between(db);
    tx.put('outcome', 'written');
  });
}

async function scan(tx: Transaction, options: Parameters<Transaction['iterator']>[0], count = 100): Promise<string[]> {
  await using iterator = tx.iterator(options);
  return (await iterator.nextv(count)).map(([key, value]) => `${key}=${value}`);
}

describe('a transaction', () => {
  it('writes all it has written when its callback returns, and gives its result', async () => {
    await using db = await openWithEntries({ a: '1', b: '2' });
    const result = await db.transaction(async (tx) => {
      tx.put('a', '10');
      tx.del('b');
      tx.put('c', '30');
      expect(db.getSync('a')?.toString()).toBe('1');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await entriesOf(db)).toEqual([
      ['a', '10'],
      ['c', '30'],
    ]);
  });

  it('writes nothing when its callback throws', async () => {
    await using db = await openWithEntries({ a: '1' });
    const failing = db.transaction(async (tx) => {
      tx.put('a', '2');
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(await entriesOf(db)).toEqual([['a', '1']]);
    expect(db.stats().snapshots.open).toBe(0);
  });

  it('reads one moment, whatever is written meanwhile', async () => {
    await using db = await openWithEntries({ a: '1' });
    await db.transaction(async (tx) => {
      await db.put('a', '2');
      await db.put('b', '2');
      expect(await textOf(tx.get('a'))).toBe('1');
      expect(await tx.has('b')).toBe(false);
      expect(await scan(tx, {})).toEqual(['a=1']);
    });
  });

  it('sees its own writes, in every way of reading', async () => {
    await using db = await openWithEntries({ a: '1', b: '2', c: '3', d: '4' });
    await db.transaction(async (tx) => {
      tx.put('b', '20');
      tx.del('c');
      tx.put('bb', '21');
      tx.put('z', '26');
      tx.del('none');
      expect(tx.getSync('b')?.toString()).toBe('20');
      expect(await tx.get('c')).toBeUndefined();
      expect((await tx.getMany(['a', 'bb', 'c'])).map(String)).toEqual(['1', '21', 'undefined']);
      expect(tx.hasSync('z')).toBe(true);
      expect(await scan(tx, {})).toEqual(['a=1', 'b=20', 'bb=21', 'd=4', 'z=26']);
      expect(await scan(tx, { reverse: true })).toEqual(['z=26', 'd=4', 'bb=21', 'b=20', 'a=1']);
      expect(await scan(tx, { gt: 'b', lte: 'd' })).toEqual(['bb=21', 'd=4']);
      expect(await scan(tx, { gte: 'b', lt: 'd', reverse: true, limit: 1 })).toEqual(['bb=21']);
      expect(await scan(tx, { keys: false, limit: 2 })).toEqual(['=1', '=20']);
      expect(await scan(tx, { values: false, gte: 'bb' })).toEqual(['bb=', 'd=', 'z=']);
    });
  });

  it('gives out of its own writes copies, and keeps copies', async () => {
    await using db = await openWithEntries({});
    const memory = Buffer.from('value');
    await db.transaction(async (tx) => {
      tx.put('key', memory);
      memory.fill('x');
      tx.getSync('key')?.fill('y');
      const [[key, value]] = tx.iterator().nextvSync(1);
      key.fill('z');
      value.fill('z');
    });
    expect(await entriesOf(db)).toEqual([['key', 'value']]);
  });

  it('has iterators that show the writes before them and not those after', async () => {
    await using db = await openWithEntries({ b: '1' });
    await db.transaction(async (tx) => {
      tx.put('a', '1');
      const iterator = tx.iterator();
      tx.put('c', '1');
      tx.del('a');
      expect((await iterator.nextv(10)).map(([key]) => `${key}`)).toEqual(['a', 'b']);
      expect(await scan(tx, {})).toEqual(['b=1', 'c=1']);
    });
  });

  it('seeks over what is stored and what it wrote', async () => {
    await using db = await openWithEntries({ a: '1', c: '3', e: '5' });
    await db.transaction(async (tx) => {
      for (const key of ['b', 'd']) tx.put(key, 'own');
      const forward = tx.iterator({ lt: 'e' });
      forward.seek('c');
      expect((await forward.nextv(10)).map(([key]) => `${key}`)).toEqual(['c', 'd']);
      forward.seek('');
      expect((await forward.next()).value.map(String)).toEqual(['a', '1']);
      const backward = tx.iterator({ reverse: true, gt: 'a' });
      backward.seek('d');
      expect((await backward.nextv(10)).map(([key]) => `${key}`)).toEqual(['d', 'c', 'b']);
    });
  });

  it('that has only read writes nothing to the log', async () => {
    await using db = await openWithEntries({ a: '1' });
    const before = db.stats().sequence.last;
    await db.transaction(async (tx) => {
      await scan(tx, {});
      await db.put('a', '2');
    });
    expect(db.stats().sequence.last).toBe(before + 1);
  });
});

describe('a transaction conflicts with', () => {
  const conflicts: [name: string, work: (tx: Transaction) => Promise<unknown>, between: Between][] = [
    ['an overwrite of a key that it has read', (tx) => tx.get('b'), (db) => db.put('b', 'x')],
    ['a delete of a key that it has read', (tx) => tx.get('b'), (db) => db.del('b')],
    ['a write of a key that it has missed', (tx) => tx.get('bb'), (db) => db.put('bb', 'x')],
    ['a write of one of many', (tx) => tx.getMany(['a', 'c']), (db) => db.put('c', 'x')],
    ['a write of a key that it has looked for', (tx) => tx.has('bb'), (db) => db.put('bb', 'x')],
    ['a phantom in a range', (tx) => scan(tx, { gte: 'a', lt: 'c' }), (db) => db.put('bb', 'x')],
    ['a phantom behind the last key of a range', (tx) => scan(tx, { lt: 'x' }), (db) => db.put('w', 'x')],
    ['a phantom in an empty range', (tx) => scan(tx, { gt: 'd', lt: 'f' }), (db) => db.put('e', 'x')],
    ['a phantom in a range that it walked backwards', (tx) => scan(tx, { reverse: true }), (db) => db.put('0', 'x')],
    [
      'a phantom after a seek',
      async (tx) => {
        const iterator = tx.iterator();
        iterator.seek('bb');
        await iterator.next();
      },
      (db) => db.put('bc', 'x'),
    ],
    ['a delete in a range', (tx) => scan(tx, { gte: 'b' }), (db) => db.del('c')],
    ['a write that nobody can see yet', (tx) => tx.get('b'), async (db) => void db.put('b', 'x')],
    [
      'a write that was flushed',
      (tx) => tx.get('b'),
      async (db) => {
        await db.put('b', 'x');
        await db.flush();
      },
    ],
    [
      'a phantom that was flushed and compacted',
      (tx) => scan(tx, {}),
      async (db) => {
        await db.put('bb', 'x');
        await db.flush();
        await db.compact();
      },
    ],
    [
      'a delete that a compaction could drop',
      (tx) => tx.get('b'),
      async (db) => {
        await db.del('b');
        await db.compact();
      },
    ],
  ];
  it.each(conflicts)('%s', async (_, work, between) => {
    await using db = await openWithEntries({ a: '1', b: '2', c: '3' });
    await db.flush();
    await expect(interleave(db, work, between)).rejects.toEqual(code('STEME_CONFLICT'));
    expect(db.getSync('outcome')).toBeUndefined();
    expect(db.stats().snapshots.open).toBe(0);
  });
});

describe('a transaction does not conflict with', () => {
  const harmless: [name: string, work: (tx: Transaction) => Promise<unknown>, between: Between][] = [
    ['a write of a key that it has not read', (tx) => tx.get('b'), (db) => db.put('c', 'x')],
    ['a write behind where it stopped reading', (tx) => scan(tx, {}, 2), (db) => db.put('bb', 'x')],
    [
      'a write before where it stopped reading backwards',
      (tx) => scan(tx, { reverse: true }, 1),
      (db) => db.put('b', 'x'),
    ],
    [
      'a write at the bound of a range',
      (tx) => scan(tx, { gt: 'a', lt: 'c' }),
      async (db) => {
        await db.put('a', 'x');
        await db.put('c', 'x');
      },
    ],
    [
      'a write of a key that it has written and then read',
      async (tx) => {
        tx.put('b', 'own');
        await tx.get('b');
      },
      (db) => db.put('b', 'x'),
    ],
    ['an iterator that never moved', async (tx) => void tx.iterator(), (db) => db.put('b', 'x')],
    [
      'flushes and compactions of what it has read',
      (tx) => scan(tx, {}),
      async (db) => {
        await db.flush();
        await db.compact();
      },
    ],
  ];
  it.each(harmless)('%s', async (_, work, between) => {
    await using db = await openWithEntries({ a: '1', b: '2', c: '3' });
    await interleave(db, work, between);
    expect(db.getSync('outcome')?.toString()).toBe('written');
  });
});

describe('anomalies that snapshots alone would let through', () => {
  it('a lost update: of two that add to what both have read, one is refused', async () => {
    await using db = await openWithEntries({ count: '10' });
    const add = (amount: number): Promise<void> =>
      db.transaction(async (tx) => {
        const count = Number(await textOf(tx.get('count')));
        await nextTurn();
        tx.put('count', `${count + amount}`);
      });
    const outcomes = await Promise.allSettled([add(1), add(100)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(['11', '110']).toContain(db.getSync('count')?.toString());
  });

  it('write skew: of two that each read both keys and write one, one is refused', async () => {
    await using db = await openWithEntries({ alice: 'on call', bob: 'on call' });
    const leave = (name: string): Promise<void> =>
      db.transaction(async (tx) => {
        const states = await tx.getMany(['alice', 'bob']);
        await nextTurn();
        if (states.every((state) => `${state}` === 'on call')) tx.put(name, 'off');
      });
    const outcomes = await Promise.allSettled([leave('alice'), leave('bob')]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect((await entriesOf(db)).filter(([, state]) => state === 'on call')).toHaveLength(1);
  });

  it('a phantom: of two that each insert into a range which they saw empty, one is refused', async () => {
    await using db = await openWithEntries({});
    const book = (seat: string): Promise<void> =>
      db.transaction(async (tx) => {
        const taken = await scan(tx, { gte: 'seat/', lt: 'seat0' });
        await nextTurn();
        if (taken.length === 0) tx.put(seat, 'taken');
      });
    const outcomes = await Promise.allSettled([book('seat/1'), book('seat/2')]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await entriesOf(db)).toHaveLength(1);
  });

  it('two blind writes of one key both commit: the later one has the last word', async () => {
    await using db = await openWithEntries({});
    await Promise.all([1, 2].map((i) => db.transaction((tx) => tx.put('a', `${i}`))));
    expect(db.getSync('a')?.toString()).toBe('2');
  });
});

describe('retries', () => {
  it('run the callback again, on a new snapshot, until it commits', async () => {
    await using db = await openWithEntries({ count: '0' });
    const add = (): Promise<void> =>
      db.transaction(
        async (tx) => {
          const count = Number(await textOf(tx.get('count')));
          await nextTurn();
          tx.put('count', `${count + 1}`);
        },
        { retries: 1000, sync: false },
      );
    await settles('twenty that all meet', Promise.all(Array.from({ length: 20 }, add)));
    expect(db.getSync('count')?.toString()).toBe('20');
  });

  it('end after as many as were asked for', async () => {
    await using db = await openWithEntries({ a: '0' });
    let runCount = 0;
    const hopeless = db.transaction(
      async (tx) => {
        runCount++;
        await tx.get('a');
        await db.put('a', `${runCount}`);
        tx.put('b', 'never');
      },
      { retries: 3 },
    );
    await expect(hopeless).rejects.toEqual(code('STEME_CONFLICT'));
    expect(runCount).toBe(4);
  });

  it('are not made for an error of the callback, not even one that is a conflict', async () => {
    await using db = await openWithEntries({ a: '0' });
    let runCount = 0;
    const outer = db.transaction(
      async () => {
        runCount++;
        await interleave(
          db,
          (tx) => tx.get('a'),
          (same) => same.put('a', '1'),
        );
      },
      { retries: 3 },
    );
    await expect(outer).rejects.toEqual(code('STEME_CONFLICT'));
    expect(runCount).toBe(1);
  });
});

describe('the end of a transaction', () => {
  const closed = code('STEME_TRANSACTION_CLOSED');

  it('is when its callback returns: later use is refused, of its iterators too', async () => {
    await using db = await openWithEntries({ a: '1' });
    let kept: Transaction | undefined;
    const iterator = await db.transaction((tx) => {
      kept = tx;
      tx.put('b', '2');
      return tx.iterator();
    });
    expect(() => kept?.put('c', '3')).toThrow(closed as Error);
    expect(() => kept?.del('c')).toThrow(closed as Error);
    expect(() => kept?.deleteRange('a', 'z')).toThrow(closed as Error);
    expect(() => kept?.getSync('a')).toThrow(closed as Error);
    expect(() => kept?.iterator()).toThrow(closed as Error);
    await expect(kept?.get('a')).rejects.toEqual(closed);
    await expect(iterator.next()).rejects.toEqual(closed);
    expect(() => iterator.seek('a')).toThrow(closed as Error);
  });

  it('comes after its time: the call fails, its snapshot is released, its writes are not written', async () => {
    const time = new SimulatedTime();
    const environment = testEnvironment(new MemoryFileSystem(), { timers: time });
    await using db = await openWith(DIRECTORY, { walSync: 'fdatasync' }, environment);
    let kept: Transaction | undefined;
    const endless = db.transaction((tx) => {
      kept = tx;
      tx.put('a', '1');
      return new Promise(() => undefined);
    });
    await nextTurn();
    expect(db.stats().snapshots.open).toBe(1);
    time.advance(29_999);
    expect(db.stats().snapshots.open).toBe(1);
    time.advance(1);
    await expect(endless).rejects.toEqual(closed);
    expect(db.stats().snapshots.open).toBe(0);
    expect(() => kept?.put('b', '2')).toThrow('longer than 30000 ms');
    expect(db.getSync('a')).toBeUndefined();
  });

  it('comes with the abort of its signal', async () => {
    await using db = await openWithEntries({});
    const abort = new AbortController();
    const endless = db.transaction(() => new Promise(() => undefined), { signal: abort.signal });
    await nextTurn();
    abort.abort();
    await expect(endless).rejects.toEqual(code('STEME_ABORTED'));
    expect(db.stats().snapshots.open).toBe(0);
    await expect(db.transaction(() => 1, { signal: abort.signal })).rejects.toEqual(code('STEME_ABORTED'));
  });

  it('comes with the close of its database', async () => {
    const db = await openWithEntries({});
    const endless = db.transaction(() => new Promise(() => undefined));
    await nextTurn();
    const isRefused = expect(endless).rejects.toEqual(code('STEME_CLOSED'));
    await settles('the close', db.close());
    await isRefused;
  });
});

it('bad options of a transaction are refused, all at once', async () => {
  await using db = await openWithEntries({});
  const bad = db.transaction(() => 1, { retries: -1, timeoutMs: 0, maxDelayMs: Number.NaN });
  await expect(bad).rejects.toMatchObject({
    code: 'STEME_INVALID_OPTION',
    problems: [expect.any(String), expect.any(String), expect.any(String)],
  });
});
