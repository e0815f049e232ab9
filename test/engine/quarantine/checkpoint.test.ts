import { beforeEach, describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { CheckpointFile, Database } from '../../../src/engine/api.js';
import { crashAtEveryStep } from '../../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openForTest } from '../../../src/testing.js';
import { collected } from '../../support/collected.js';
import { settles } from '../../support/settles.js';
import { code, DIRECTORY, openOn, withDatabase } from '../../support/test-database.js';

const COPY = '/copies/one';
const LONG = 'Ω'.repeat(200);

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

async function withCopy<T>(work: (db: Database) => Promise<T>, fileSystem: FileSystem = disk, at = COPY): Promise<T> {
  const db = await settles('the open', openForTest(fileSystem, at, { createIfMissing: false }));
  try {
    return await work(db);
  } finally {
    await settles('the close', db.close());
  }
}

function append(db: Database, tenant: string, id: string): Promise<unknown> {
  return db.quarantine.append(tenant, `payload of ${id}`, { reason: 'test', id });
}

/** Ids of what is not replayed yet. */
async function idsOf(db: Database, tenant?: string, includeReplayed = false): Promise<string[]> {
  const ids: string[] = [];
  const filter = tenant === undefined ? {} : { tenant };
  for await (const { id } of db.quarantine.list({ ...filter, includeReplayed })) ids.push(id);
  return ids;
}

/** Brings entries into the store, under their ids. */
function replay(db: Database, tenant?: string, id?: string): Promise<unknown> {
  const filter = { ...(tenant !== undefined && { tenant }), ...(id !== undefined && { id }) };
  return db.quarantine.replay(filter, (record) => ({ type: 'put', key: record.id, value: record.payload }));
}

async function keysOf(db: Database): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of db.iterator({ values: false })) keys.push(key[0].toString());
  return keys;
}

describe('the quarantine of a checkpoint', () => {
  it('has what was acknowledged before, of all tenants, and both databases go on by themselves', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (const tenant of ['a', 'B/..', '', LONG]) for (let i = 0; i < 3; i++) await append(db, tenant, `${i}`);
      await replay(db, 'a', '1');
      const { fileCount, copiedBytes } = await db.checkpoint(COPY);
      expect(fileCount).toBe(5);
      expect(copiedBytes).toBeGreaterThan(0);
      await append(db, 'a', 'only in the original');
      await withCopy(async (copy) => {
        expect(await collected(copy.quarantine.tenants())).toEqual(await collected(db.quarantine.tenants()));
        expect(await idsOf(copy, 'a')).toEqual(['0', '2']);
        expect(await idsOf(copy, 'a', true)).toEqual(['0', '1', '2']);
        for (const tenant of ['B/..', '', LONG]) expect(await idsOf(copy, tenant)).toEqual(['0', '1', '2']);
        await append(copy, 'a', 'only in the copy');
        await append(copy, 'new', 'tenant');
      });
      await append(db, 'a', 'and another');
      expect(await idsOf(db, 'a')).toEqual(['0', '2', 'only in the original', 'and another']);
    });
    await withCopy(async (copy) => {
      expect(await idsOf(copy, 'a')).toEqual(['0', '2', 'only in the copy']);
      expect(await idsOf(copy, 'new')).toEqual(['tenant']);
    });
    await withDatabase(disk, {}, async (db) => {
      expect(await idsOf(db, 'a')).toEqual(['0', '2', 'only in the original', 'and another']);
    });
  });

  it('is none where there was none, and empty where nothing was left', async () => {
    await withDatabase(disk, {}, async (db) => {
      await db.checkpoint('/copies/none');
      await append(db, 'a', 'gone');
      await replay(db);
      await db.checkpoint(COPY);
      expect(await idsOf(db, undefined, true)).toEqual([]);
    });
    expect(await disk.exists('/copies/none/quarantine')).toBe(false);
    expect(await disk.list(`${COPY}/quarantine/a`)).toEqual(['MANIFEST']);
    await withCopy(async (copy) => expect(await idsOf(copy, undefined, true)).toEqual([]));
  });

  it('of a checkpoint is as good', async () => {
    await withDatabase(disk, {}, async (db) => {
      await append(db, 'a', '1');
      await db.checkpoint(COPY);
    });
    await withCopy(async (copy) => {
      await append(copy, 'a', '2');
      await copy.checkpoint('/copies/two');
    });
    await withCopy(async (copy) => expect(await idsOf(copy)).toEqual(['1', '2']), disk, '/copies/two');
  });

  it('gives a new entry no number that a mark has, whatever is left of the segments', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (let i = 0; i < 5; i++) await append(db, 'a', `${i}`);
      await db.put('held', 'back');
      // The marks stay in a tree that is fixed before they go.
      const placeFile = async (): Promise<void> => {
        await db.quarantine.purge({ tenant: 'a', before: Date.now() + 1000 });
      };
      await db.quarantine.replay({ tenant: 'a' }, ({ id }) => {
        if (id === '0') throw new Error('not this one');
        return { type: 'put', key: id, value: '' };
      });
      await db.checkpoint(COPY, { placeFile });
      await db.checkpoint('/copies/after');
    });
    await withCopy(
      async (copy) => {
        for (let i = 0; i < 8; i++) await append(copy, 'a', `new ${i}`);
        expect(await idsOf(copy, 'a')).toEqual(Array.from({ length: 8 }, (_, i) => `new ${i}`));
      },
      disk,
      '/copies/after',
    );
  });

  it('has the entries that a replay, or a purge, is through with before they are copied', async () => {
    await withDatabase(disk, {}, async (db) => {
      await db.put('a', 'table');
      for (const tenant of ['replayed', 'purged'])
        for (const id of ['1', '2']) await append(db, tenant, `${tenant} ${id}`);
      const placed: string[] = [];
      const placeFile = async ({ name, path }: CheckpointFile): Promise<void> => {
        // The version of the tree is fixed by now.
        if (placed.length === 0) {
          await replay(db, 'replayed');
          expect(await idsOf(db, 'replayed', true)).toEqual([]);
          expect(await db.quarantine.purge({ tenant: 'purged', before: Date.now() + 1000 })).toBe(2);
          await append(db, 'replayed', 'late');
        }
        placed.push(name);
        await disk.link(path, `${COPY}.steme-staged/${name}`);
      };
      await db.checkpoint(COPY, { placeFile });
      // The last segment of a tenant is the copy's own.
      expect(placed).toEqual([expect.stringMatching(/\.sst$/), 'quarantine/replayed/000001.segment']);
      expect(await disk.list(`${DIRECTORY}/quarantine/purged`)).toEqual(['MANIFEST']);
      expect(await idsOf(db)).toEqual(['late']);
    });
    await withCopy(async (copy) => {
      const waiting = ['purged 1', 'purged 2', 'replayed 1', 'replayed 2', 'late'];
      expect(await idsOf(copy)).toEqual(waiting);
      expect(await keysOf(copy)).toEqual(['a']);
      await replay(copy);
      expect(await keysOf(copy)).toEqual(['a', ...waiting].sort());
    });
  });

  it('has every entry once, in the store or in quarantine, while appends, replays, purges and checkpoints go on', async () => {
    for (let seed = 1; seed <= 12; seed++) await raceWith(seed);
  }, 120_000);

  it('of a database that is only read has what is in the intake alone', async () => {
    const db = await openOn(disk);
    await append(db, 'a', 'settled');
    await replay(db, 'b');
    await append(db, 'a', 'in the intake');
    await db.flush();
    const killed = disk.clone();
    await db.close();
    await settles(
      'the checkpoint',
      (async () => {
        const reader = await openForTest(killed, DIRECTORY, { readOnly: true });
        try {
          await reader.checkpoint(COPY);
          expect(await idsOf(reader)).toEqual(['settled', 'in the intake']);
        } finally {
          await reader.close();
        }
      })(),
    );
    const crashed = killed.crashClone(1);
    await withCopy(async (copy) => {
      expect(await idsOf(copy)).toEqual(['settled', 'in the intake']);
      await append(copy, 'a', 'more');
      expect(await idsOf(copy)).toEqual(['settled', 'in the intake', 'more']);
    }, crashed);
  });

  it('counts as progress, ends with its signal, and leaves nothing then', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (let i = 0; i < 20; i++) await append(db, `tenant ${i}`, `${i}`);
      const seen: { bytes: number; totalBytes: number }[] = [];
      const { bytes } = await db.checkpoint(COPY, { onProgress: (at) => seen.push(at) });
      expect(seen.at(-1)).toEqual({ bytes, totalBytes: bytes });
      expect(seen.every((at, i) => at.bytes <= at.totalBytes && at.bytes >= (seen[i - 1]?.bytes ?? 0))).toBe(true);
      const end = new AbortController();
      const onProgress = (): void => end.abort();
      const options = { onProgress, signal: end.signal };
      await expect(db.checkpoint('/copies/two', options)).rejects.toEqual(code('STEME_ABORTED'));
      expect(await disk.list('/copies')).toEqual(['one']);
      expect(await idsOf(db)).toHaveLength(20);
    });
  });

  it('keeps few files open, however many tenants there are', async () => {
    await withDatabase(disk, {}, async (db) => {
      await Promise.all(Array.from({ length: 600 }, (_, i) => append(db, `tenant ${i}`, 'x')));
      await db.checkpoint(COPY);
      expect((await db.quarantine.stats()).openWriters).toBeLessThanOrEqual(256);
    });
    expect(await disk.list(`${COPY}/quarantine`)).toHaveLength(601);
  });

  it('is cleared away with what a crash left of an earlier attempt, but for what is not ours', async () => {
    await withDatabase(disk, {}, async (db) => {
      await append(db, 'a', '1');
      for (const path of [`${COPY}.steme-staged`, '/b.steme-staged']) {
        await disk.makeDirectory(`${path}/quarantine/a`);
        for (const name of ['000001.intake', 'a/MANIFEST.tmp', 'a/000007.segment'])
          (await disk.open(`${path}/quarantine/${name}`, 'create')).closeSync();
      }
      (await disk.open('/b.steme-staged/quarantine/notes.txt', 'create')).closeSync();
      await db.checkpoint(COPY);
      await withCopy(async (copy) => expect(await idsOf(copy)).toEqual(['1']));
      await expect(db.checkpoint('/b')).rejects.toEqual(code('STEME_EXISTS'));
      expect(await disk.list('/b.steme-staged/quarantine')).toEqual(['notes.txt']);
    });
  });
});

interface Known {
  readonly acknowledged: string[];
  readonly purgeable: Set<string>;
}

/** Writers, replays and purges by chance beside checkpoints, each of which is looked at in the end. */
async function raceWith(seed: number): Promise<void> {
  const memory = new MemoryFileSystem();
  const prng = new Prng(seed);
  const db = await openOn(memory, { memtableBytes: 16 * 1024 });
  const known: Known = { acknowledged: [], purgeable: new Set() };
  const made: { path: string; acknowledged: string[] }[] = [];
  let isOver = false;
  let counter = 0;
  const writing = async (tenant: string): Promise<void> => {
    while (!isOver) {
      const id = `${tenant} ${counter++}`;
      if (tenant === 'purged') known.purgeable.add(id);
      await append(db, tenant, id);
      known.acknowledged.push(id);
      await pause(prng.below(6) === 0 ? 60 : prng.below(4));
    }
  };
  const replaying = async (): Promise<void> => {
    while (!isOver) {
      await replay(db, prng.below(2) === 0 ? undefined : 'a');
      if (prng.below(3) === 0) await db.quarantine.purge({ tenant: 'purged', before: Date.now() + 1000 });
      await pause(prng.below(6));
    }
  };
  const checkpointing = async (): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      await pause(prng.below(12));
      const path = `/copies/${round}`;
      const acknowledged = [...known.acknowledged];
      await settles('a checkpoint', db.checkpoint(path));
      made.push({ path, acknowledged });
    }
    isOver = true;
  };
  await Promise.all([writing('a'), writing('b'), writing('purged'), replaying(), checkpointing()]);
  await db.close();
  for (const { path, acknowledged } of made) {
    await withCopy((copy) => expectOnce(copy, acknowledged, known.purgeable, `seed ${seed}, ${path}`), memory, path);
  }
}

async function expectOnce(
  copy: Database,
  acknowledged: readonly string[],
  purgeable: ReadonlySet<string>,
  context: string,
): Promise<void> {
  const stored = new Set(await keysOf(copy));
  const waiting = await idsOf(copy);
  expect(waiting.length, context).toBe(new Set(waiting).size);
  expect(
    waiting.filter((id) => stored.has(id)),
    `${context}: stored and waiting`,
  ).toEqual([]);
  const present = new Set([...stored, ...waiting]);
  const lost = acknowledged.filter((id) => !present.has(id) && !purgeable.has(id));
  expect(lost, `${context}: lost`).toEqual([]);
  // A new entry is one that waits, whatever marks there are.
  await append(copy, 'a', 'new');
  expect(await idsOf(copy, 'a'), context).toContain('new');
  await replay(copy);
  expect(await idsOf(copy), context).toEqual([]);
}

async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a machine that goes down during a checkpoint with a quarantine', () => {
  it('has it whole or not at all, and the database as it was', async () => {
    const counts = { absent: 0, whole: 0 };
    const before = ['1', '2', '3'];
    const report = await crashAtEveryStep(disk, {
      workload: (fileSystem) =>
        withDatabase(fileSystem, {}, async (db) => {
          for (const id of before) await append(db, 'a', id);
          await append(db, LONG, '4');
          await replay(db, 'a', '1');
          isBegun = true;
          await Promise.all([db.checkpoint(COPY), append(db, 'a', 'meanwhile'), replay(db, 'a', '2')]);
        }),
      observe: () => isBegun,
      check: async (survivor, wasBegun) => {
        if (!(await survivor.exists(COPY))) counts.absent++;
        else {
          counts.whole++;
          await withCopy((copy) => expectOnce(copy, [...before, '4'], new Set(), 'the copy'), survivor);
        }
        if (wasBegun)
          await withDatabase(survivor, {}, (db) => expectOnce(db, [...before, '4'], new Set(), 'the original'));
      },
      crashesMax: 400,
    });
    expect(report.crashCount).toBeGreaterThan(60);
    expect(counts.absent).toBeGreaterThan(20);
    expect(counts.whole).toBeGreaterThan(3);
  }, 120_000);
});

let isBegun = false;
