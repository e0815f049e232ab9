import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openForTest } from '../../src/testing.js';
import { outcomeOf, settles } from '../support/settles.js';
import { contentsOf, entriesOf, openOn, withDatabase } from '../support/test-database.js';

const COPY = '/copies/one';
const OPERATIONS_MAX = 300;
const RULES: readonly Omit<FaultRule, 'nth'>[] = [
  { kind: 'write', error: 'ENOSPC', times: 1_000_000 },
  { kind: 'write', effect: 'short-write' },
  { kind: 'datasync' },
  { kind: 'open' },
  { kind: 'link' },
  { kind: 'rename' },
  { kind: 'remove' },
  { kind: 'mkdir' },
  { kind: 'list' },
  { kind: 'stat' },
  { kind: 'lock' },
  { kind: 'syncDirectory' },
];

/** Two tables, one record that is only in the log, and a checkpoint. */
async function makeCheckpoint(fileSystem: FileSystem, onBegin: () => void = () => {}): Promise<void> {
  await withDatabase(fileSystem, { autoCompact: false }, async (db) => {
    await db.put('a', 'flushed'.padEnd(3000, '.'));
    await db.flush();
    await db.put('b', 'in the log');
    onBegin();
    await db.checkpoint(COPY);
  });
}

const EXPECTED = [
  ['a', 'flushed'.padEnd(3000, '.')],
  ['b', 'in the log'],
];

/** What is under the checkpoint's name: it, or nothing. */
async function checkpointOn(fileSystem: FileSystem): Promise<'whole' | 'absent'> {
  if (!(await fileSystem.exists(COPY))) return 'absent';
  const db = await settles('the open', openForTest(fileSystem, COPY, { createIfMissing: false }));
  expect(await entriesOf(db)).toEqual(EXPECTED);
  await settles('the close', db.close());
  return 'whole';
}

describe('a checkpoint on a bad disk', () => {
  it.each(RULES)('is whole or absent after a fault, and can be made then: %o', async (rule) => {
    let faultCount = 0;
    for (let nth = 1; nth < OPERATIONS_MAX; nth++) {
      const disk = new MemoryFileSystem();
      // Counted from the call on.
      let isBegun = false;
      const faulty = new FaultyFileSystem(disk, [{ ...rule, path: () => isBegun, nth }]);
      const outcome = await outcomeOf(
        'the run',
        makeCheckpoint(faulty, () => {
          isBegun = true;
        }),
      );
      if (faulty.injected.length === 0) break;
      faultCount++;
      const context = `fault at ${rule.kind} ${nth}: ${faulty.injected[0].path}`;
      if ('error' in outcome) expect(outcome.error, context).toBeInstanceOf(StemeError);
      expect(await contentsOf(disk, { autoCompact: false }), context).toEqual(EXPECTED);
      if ((await checkpointOn(disk)) === 'whole') continue;
      const db = await openOn(disk, { autoCompact: false });
      await settles('the checkpoint', db.checkpoint(COPY));
      await db.close();
      expect(await checkpointOn(disk), context).toBe('whole');
      expect(await disk.list('/copies'), context).toEqual(['one']);
    }
    expect(faultCount).toBeGreaterThan(0);
    expect(faultCount).toBeLessThan(OPERATIONS_MAX - 1);
  });
});

interface Crashes {
  readonly absent: number;
  readonly whole: number;
}

/** The machine goes down before each operation of the checkpoint, and once after it. */
async function crashEverywhere(wrap: (disk: FileSystem) => FileSystem = (same) => same): Promise<Crashes> {
  const disk = new MemoryFileSystem();
  const crashed: MemoryFileSystem[] = [];
  let isBegun = false;
  const before = ({ kind }: FileOperation): void => {
    if (isBegun && kind !== 'read') crashed.push(disk.crashClone(crashed.length), disk.clone());
  };
  const fileSystem = interceptFileSystem(wrap(disk), before);
  await makeCheckpoint(fileSystem, () => {
    isBegun = true;
  });
  isBegun = false;
  const counts = { absent: 0, whole: 0 };
  for (const left of crashed) {
    counts[await checkpointOn(left)]++;
    expect(await contentsOf(left, { autoCompact: false })).toEqual(EXPECTED);
  }
  for (let seed = 0; seed < 20; seed++) expect(await checkpointOn(disk.crashClone(seed))).toBe('whole');
  return counts;
}

describe('a machine that goes down during a checkpoint', () => {
  it('has it whole or not at all, and whole once the call has resolved', async () => {
    const { absent, whole } = await crashEverywhere();
    expect(absent).toBeGreaterThan(20);
    expect(whole).toBeGreaterThan(3);
  });

  it('is caught by this test when its disk does not sync (canary)', async () => {
    await expect(crashEverywhere((disk) => new LyingFileSystem(disk))).rejects.toThrow();
  });
});
