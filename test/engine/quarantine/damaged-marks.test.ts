import { beforeEach, describe, expect, it } from 'vitest';
import { CorruptionError, type StemeError } from '../../../src/base/errors.js';
import { KIND_PUT } from '../../../src/base/internal-key.js';
import { SYSTEM_REPLAY_AUDIT, systemKey } from '../../../src/base/system-key.js';
import type { Database } from '../../../src/engine/api.js';
import { openEngine } from '../../../src/engine/open-engine.js';
import { encodeMark, markKey } from '../../../src/engine/quarantine/entry-marks.js';
import { StemeDatabase } from '../../../src/engine/steme-database.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { testEnvironment } from '../../../src/testing.js';
import { collected } from '../../support/collected.js';
import { DIRECTORY, entriesOf, filesOf, flipBit, readWhole, withDatabase } from '../../support/test-database.js';

let disk: MemoryFileSystem;
let warnings: StemeError[];
beforeEach(() => {
  disk = new MemoryFileSystem();
  warnings = [];
});

interface Opened {
  readonly db: Database;
  /** Puts a key of the engine itself into the tree. */
  readonly put: (key: Uint8Array, value: Uint8Array) => Promise<void>;
}

async function opened(): Promise<Opened> {
  const environment = testEnvironment(disk, { onWarning: (warning) => warnings.push(warning) });
  const engine = await openEngine(DIRECTORY, { walSync: 'fdatasync' }, environment);
  const put: Opened['put'] = async (key, value) => {
    await engine.parts.pipeline.write([{ kind: KIND_PUT, key, value }], true);
  };
  return { db: new StemeDatabase(engine), put };
}

async function append(db: Database, tenant: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await db.quarantine.append(tenant, `${tenant} ${i}`, { reason: i < 4 ? 'early' : 'late' });
}

async function listed(db: Database, tenant: string): Promise<string[]> {
  return (await collected(db.quarantine.list({ tenant }))).map(({ payload }) => payload.toString());
}

const store = ({ tenant, number, payload }: { tenant: string; number: number; payload: Buffer }) =>
  ({ type: 'put', key: `${tenant} ${number}`, value: payload }) as const;

const MALFORMED: [string, Uint8Array][] = [
  ['cut short', Buffer.from([1, 1])],
  [
    'of an unknown state',
    encodeMark({ state: 'done', firstEntry: 3, lastEntry: 5, count: 3, atMs: 1, error: '' }).fill(9, 1, 2),
  ],
  [
    'that ends before it begins',
    encodeMark({ state: 'done', firstEntry: 9, lastEntry: 5, count: 3, atMs: 1, error: '' }),
  ],
];

describe('a mark that cannot be read', () => {
  it.each(MALFORMED)(
    '%s leaves the entries that it may cover where they are, and the rest is replayed',
    async (_, value) => {
      const { db, put } = await opened();
      await append(db, 'a', 8);
      await append(db, 'b', 1);
      await put(
        markKey('a', 2),
        encodeMark({ state: 'done', firstEntry: 1, lastEntry: 2, count: 2, atMs: 1, error: '' }),
      );
      await put(markKey('a', 5), value);
      expect(await listed(db, 'a')).toEqual(['a 2', 'a 3', 'a 4', 'a 5', 'a 6', 'a 7']);
      expect(warnings).toMatchObject([
        {
          code: 'STEME_CORRUPTION',
          message: expect.stringContaining('the mark that ends with entry 5 of the quarantine'),
        },
      ]);
      expect(await db.quarantine.get({ tenant: 'a', id: '4' })).toMatchObject({ number: 4, isReplayed: false });
      expect(await db.quarantine.stats('a')).toMatchObject({
        entries: 6,
        replayedEntries: 2,
        damages: [expect.stringContaining('the mark that ends with entry 5')],
      });

      expect(await db.quarantine.replay({}, store)).toMatchObject({ found: 4, replayed: 4, failed: 0, damaged: 3 });
      expect((await entriesOf(db)).map(([, payload]) => payload)).toEqual(['a 5', 'a 6', 'a 7', 'b 0']);
      // Again, and none of them twice.
      expect(await db.quarantine.replay({}, store)).toMatchObject({ found: 0, replayed: 0, damaged: 3 });
      expect(await listed(db, 'a')).toEqual(['a 2', 'a 3', 'a 4']);
      await db.close();
    },
  );
});

describe('a table with marks that is damaged', () => {
  it('wherever it is, gives warnings and no second replay', async () => {
    await withDatabase(disk, {}, async (db) => {
      await append(db, 'a', 6);
      await db.quarantine.replay({ reason: 'early' }, store);
      await db.flush();
    });
    const sound = disk;
    const [table] = await filesOf(sound, '.sst');
    const { length } = await readWhole(sound, table);
    let uncertainCount = 0;
    for (let offset = 0; offset < length; offset += 7) {
      disk = sound.clone();
      warnings = [];
      await flipBit(disk, table, offset);
      const db = await opened().then(
        (one) => one.db,
        (error: unknown) => error,
      );
      if (!(db instanceof StemeDatabase)) {
        expect(db).toBeInstanceOf(CorruptionError);
        continue;
      }
      const left = await listed(db, 'a');
      const executed: string[] = [];
      const result = await db.quarantine.replay({}, ({ payload }) => {
        executed.push(payload.toString());
        return undefined;
      });
      if (warnings.length === 0) {
        expect(left).toEqual(['a 4', 'a 5']);
        expect(executed).toEqual(left);
      } else {
        expect(warnings[0]).toMatchObject({ code: 'STEME_CORRUPTION', message: expect.stringContaining(table) });
        expect(left.length + executed.length + result.damaged).toBeGreaterThan(2);
        expect(executed.filter((payload) => payload < 'a 4')).toEqual([]);
        uncertainCount++;
      }
      await db.close();
    }
    expect(uncertainCount).toBeGreaterThan(10);
  });
});

describe('a record of a replay that cannot be read', () => {
  it.each(['', '{', 'null', '{"by":"me"}'])('%j is a warning, and the others are listed', async (text) => {
    const { db, put } = await opened();
    await append(db, 'a', 1);
    await put(systemKey(SYSTEM_REPLAY_AUDIT, Buffer.alloc(12)), Buffer.from(text));
    await db.quarantine.replay({}, store, { by: 'somebody' });
    expect((await collected(db.quarantine.audits())).map(({ by }) => by)).toEqual(['somebody']);
    expect(warnings).toMatchObject([
      { code: 'STEME_CORRUPTION', message: expect.stringContaining('the record of replay 000000000000000000000000') },
    ]);
    await db.close();
  });
});
