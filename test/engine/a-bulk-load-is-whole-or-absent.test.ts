import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { outcomeOf } from '../support/settles.js';
import { entriesOf, filesOf, openOn, withDatabase } from '../support/test-database.js';

const OPTIONS = { autoCompact: false, memtableBytes: 4096, blobThreshold: 120 } as const;
const OPERATIONS_MAX = 300;
const RULES: readonly Omit<FaultRule, 'nth'>[] = [
  { kind: 'write' },
  { kind: 'write', effect: 'short-write' },
  { kind: 'write', error: 'ENOSPC', times: 1_000_000 },
  { kind: 'datasync' },
  { kind: 'open' },
  { kind: 'rename' },
  { kind: 'close' },
  { kind: 'syncDirectory' },
];

/** What was there before: one entry in a table, and two in the log, one of which the load replaces. */
const BEFORE: [string, string][] = [
  ['a', 'flushed'],
  ['k 005', 'logged'],
  ['z', 'logged'],
];
/** Every tenth value goes to a blob file. */
const SOURCE = Array.from({ length: 100 }, (_, i): [string, string] => [
  `k ${String(i).padStart(3, '0')}`,
  `loaded ${i}`.padEnd(i % 10 === 0 ? 120 : 80, '.'),
]);
const AFTER: [string, string][] = [BEFORE[0], ...SOURCE, BEFORE[2]];

interface Moments {
  readonly onBegin?: () => void;
  readonly onEnd?: () => void;
}

/** Throws what the load or the close has thrown. */
async function runLoad(fileSystem: FileSystem, { onBegin, onEnd }: Moments = {}): Promise<void> {
  const db = await openOn(fileSystem, OPTIONS);
  try {
    await db.put(...BEFORE[0]);
    await db.flush();
    await db.put(...BEFORE[1]);
    await db.put(...BEFORE[2]);
    onBegin?.();
    await db.bulkLoad(SOURCE);
    expect(await entriesOf(db)).toEqual(AFTER);
    onEnd?.();
  } finally {
    await db.close();
  }
}

async function stateOn(disk: FileSystem): Promise<'before' | 'after'> {
  const { state, tableCount, blobCount } = await withDatabase(disk, OPTIONS, async (db) => {
    const found = await entriesOf(db);
    const isBefore = found.length === BEFORE.length;
    const expected = isBefore ? BEFORE : AFTER;
    expect(found).toEqual(expected);
    // The next sequence is above all that is there.
    await db.put('k 005', 'newer');
    expect(db.getSync('k 005')?.toString()).toBe('newer');
    await db.put('k 005', new Map(expected).get('k 005') ?? '');
    await db.compact();
    expect(await entriesOf(db)).toEqual(expected);
    const { levels, blobs } = db.stats();
    const count = levels.reduce((sum, { fileCount }) => sum + fileCount, 0);
    const state = isBefore ? ('before' as const) : ('after' as const);
    return { state, tableCount: count, blobCount: blobs.fileCount };
  });
  // What nobody knows of was swept.
  expect((await filesOf(disk, '.sst')).length).toBe(tableCount);
  expect((await filesOf(disk, '.blob')).length).toBe(blobCount);
  return state;
}

describe('a bulk load on a bad disk', () => {
  it.each(RULES)('is there whole or not at all after a fault: %o', async (rule) => {
    let faultCount = 0;
    for (let nth = 1; nth < OPERATIONS_MAX; nth++) {
      const disk = new MemoryFileSystem();
      let isBegun = false;
      const faulty = new FaultyFileSystem(disk, [{ ...rule, path: () => isBegun, nth }]);
      const moments = {
        onBegin: () => {
          isBegun = true;
        },
        onEnd: () => {
          isBegun = false;
        },
      };
      const outcome = await outcomeOf('the run', runLoad(faulty, moments));
      if (faulty.injected.length === 0) break;
      faultCount++;
      const context = `fault at ${rule.kind} ${nth}: ${faulty.injected[0].path}`;
      const crashed = disk.crashClone(nth);
      if ('error' in outcome) expect(outcome.error, context).toBeInstanceOf(StemeError);
      else expect(await stateOn(crashed), context).toBe('after');
      await stateOn(crashed);
      await stateOn(disk);
    }
    expect(faultCount).toBeGreaterThan(0);
    expect(faultCount).toBeLessThan(OPERATIONS_MAX - 1);
  });
});

/** The machine goes down, or the process is killed, before and after each operation of the load. */
async function crashEverywhere(wrap: (disk: FileSystem) => FileSystem = (same) => same): Promise<Map<string, number>> {
  const disk = new MemoryFileSystem();
  const crashed: MemoryFileSystem[] = [];
  const acknowledged: MemoryFileSystem[] = [];
  let isBegun = false;
  const crash = ({ kind }: FileOperation): undefined => {
    if (isBegun && kind !== 'read') crashed.push(disk.crashClone(crashed.length), disk.clone());
  };
  const fileSystem = interceptFileSystem(wrap(disk), crash, crash);
  await runLoad(fileSystem, {
    onBegin: () => {
      isBegun = true;
    },
    onEnd: () => {
      isBegun = false;
      for (let seed = 0; seed < 20; seed++) acknowledged.push(disk.crashClone(seed));
    },
  });
  const counts = new Map<string, number>();
  for (const left of crashed) {
    const state = await stateOn(left);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  for (const left of acknowledged) expect(await stateOn(left)).toBe('after');
  return counts;
}

describe('a machine that goes down during a bulk load', () => {
  it('has it whole or not at all, and whole once the call has resolved', async () => {
    const counts = await crashEverywhere();
    expect(counts.get('before')).toBeGreaterThan(20);
    expect(counts.get('after')).toBeGreaterThan(2);
  });

  it('is caught by this test when its disk does not sync (canary)', async () => {
    await expect(crashEverywhere((disk) => new LyingFileSystem(disk))).rejects.toThrow();
  });
});
