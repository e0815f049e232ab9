import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CorruptionError, type StemeError } from '../../src/base/errors.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { outcomeOf, settles } from '../support/settles.js';
import { code, DIRECTORY, entriesOf, filesOf, flipBit, openOn } from '../support/test-database.js';

const OPTIONS: Options = { walSync: 'fdatasync', autoCompact: false, blobThreshold: 500, compression: 'none' };
const LARGE = 'large'.repeat(200);
const SMALL = 'small'.repeat(20);

interface BadDisk {
  /** Of the names of files that it changes. */
  ending: string;
  /** So many of them are left as they are. */
  spared?: number;
}

interface Rig {
  readonly db: Database;
  readonly disk: MemoryFileSystem;
  readonly time: SimulatedTime;
  readonly warnings: StemeError[];
}

/** A database on a disk that changes one bit of each file whose name ends so, once it is synced. */
async function openOnBadDisk(damage: BadDisk, options: Options = {}): Promise<Rig> {
  const disk = new MemoryFileSystem();
  const fileSystem = interceptFileSystem(
    disk,
    () => undefined,
    ({ kind, path }) => {
      if (kind !== 'datasync' || !path.endsWith(damage.ending)) return undefined;
      if (damage.spared === undefined || damage.spared-- === 0) changeBit(disk, path);
      return undefined;
    },
  );
  const time = new SimulatedTime();
  const warnings: StemeError[] = [];
  const onWarning = (warning: StemeError): number => warnings.push(warning);
  const environment = testEnvironment(fileSystem, { clock: time, timers: time, onWarning });
  const db = await openWith(DIRECTORY, { ...OPTIONS, paranoid: 'new-tables', ...options }, environment);
  return { db, disk, time, warnings };
}

function changeBit(disk: MemoryFileSystem, path: string): void {
  const handle = disk.openSync(path, 'update');
  const byte = new Uint8Array(1);
  handle.readSync(byte, DAMAGED_AT_BYTES);
  byte[0] ^= 1;
  handle.writeSync(byte, DAMAGED_AT_BYTES);
  handle.closeSync();
}

/** In the first block, and in the first value of a blob file. */
const DAMAGED_AT_BYTES = 40;
const NOTHING = '(nothing)';

describe('paranoid: new-tables', () => {
  it.each(['.sst', '.blob'])(
    'a flush whose %s is not as it was written leaves no file, and is tried again',
    async (ending) => {
      const damage = { ending };
      const { db, disk, time, warnings } = await openOnBadDisk(damage);
      await db.put('a', LARGE);
      await db.put('b', SMALL);
      const outcome = await outcomeOf('the flush', db.flush());
      expect(outcome).toEqual({ error: expect.any(CorruptionError) });
      expect(await filesOf(disk, '.sst')).toEqual([]);
      expect(await filesOf(disk, '.blob')).toEqual([]);
      expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('is written again')]);
      expect(db.getSync('a')?.toString()).toBe(LARGE);
      await db.put('c', 'writes go on');
      damage.ending = NOTHING;
      time.advance(1000);
      await db.flush();
      expect((await filesOf(disk, '.sst')).length).toBeGreaterThan(0);
      await db.close();
      await using again = await openOn(disk, { paranoid: 'all' });
      expect((await entriesOf(again)).map(([key]) => key)).toEqual(['a', 'b', 'c']);
    },
  );

  it('a compaction whose table is not as it was written keeps its inputs, which are sound, and is tried again', async () => {
    // The first table moves down; as many as four then wait in L0.
    const flushCount = 5;
    const damage: BadDisk = { ending: '.sst', spared: flushCount };
    const { db, disk, time, warnings } = await openOnBadDisk(damage, { autoCompact: true });
    for (let round = 0; round < flushCount; round++) await putAndFlush(db, round);
    await until(() => warnings.length > 0);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/compaction failed .* tried again$/),
    ]);
    expect(await filesOf(disk, '.sst')).toHaveLength(flushCount);
    time.advance(1000);
    await until(() => db.stats().compactions.count > 0);
    expect(db.getSync('key 1')?.toString()).toBe(`${flushCount - 1}`);
    await db.close();
    await using again = await openOn(disk, { paranoid: 'all' });
    expect(await entriesOf(again)).toHaveLength(5);
  });

  it('compact() hears of it, and works when it is asked again', async () => {
    const damage: BadDisk = { ending: NOTHING };
    const { db, disk } = await openOnBadDisk(damage);
    for (let round = 0; round < 2; round++) await putAndFlush(db, round);
    const inputs = await filesOf(disk, '.sst');
    damage.ending = '.sst';
    await expect(db.compact()).rejects.toEqual(code('STEME_CORRUPTION'));
    expect(await filesOf(disk, '.sst')).toEqual(inputs);
    damage.ending = NOTHING;
    await db.compact();
    expect(await filesOf(disk, '.sst')).toHaveLength(1);
    await db.close();
  });

  it('a bulk load whose table is not as it was written is refused as a whole', async () => {
    const { db, disk } = await openOnBadDisk({ ending: '.sst' });
    await expect(db.bulkLoad([['a', SMALL]])).rejects.toEqual(code('STEME_CORRUPTION'));
    expect(db.getSync('a')).toBeUndefined();
    expect(await filesOf(disk, '.sst')).toEqual([]);
    await db.close();
  });

  it('is off by default: the damage comes to light when it is read', async () => {
    const { db } = await openOnBadDisk({ ending: '.sst' }, { paranoid: 'off' });
    await db.put('a', SMALL);
    await db.flush();
    expect(() => db.getSync('a')).toThrow(CorruptionError);
    await db.close();
  });
});

async function putAndFlush(db: Database, round: number): Promise<void> {
  for (let i = 0; i < 5; i++) await db.put(`key ${i}`, `${round}`);
  await db.flush();
}

async function until(isTrue: () => boolean): Promise<void> {
  await settles(
    'the wait',
    (async () => {
      while (!isTrue()) await nextTurn();
    })(),
  );
}

describe('paranoid: all', () => {
  it.each(['.sst', '.blob'])(
    'a database with a damaged %s is refused at open, with file and offset',
    async (ending) => {
      const disk = new MemoryFileSystem();
      const db = await openOn(disk, OPTIONS);
      await db.put('a', LARGE);
      await db.put('b', SMALL);
      await db.flush();
      await db.close();
      const [file] = await filesOf(disk, ending);
      await flipBit(disk, file, DAMAGED_AT_BYTES);
      const open = openOn(disk, { ...OPTIONS, paranoid: 'all' });
      const damage = expect.objectContaining({ file: `${DIRECTORY}/${file}`, offsetBytes: expect.any(Number) });
      await expect(open).rejects.toEqual(expect.objectContaining({ code: 'STEME_CORRUPTION', damage }));
      const again = await openOn(disk, { ...OPTIONS, paranoid: 'new-tables' });
      await again.close();
    },
  );
});
