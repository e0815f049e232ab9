import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BLOB_OPTIONS, recoveredCount, runWithFault } from '../support/fault-run.js';
import { filesOf, withDatabase } from '../support/test-database.js';

/** Past the last operation of its kind a run meets no fault, and the sweep is over. */
const OPERATIONS_MAX = 400;

/** How the opening thread's hands may be tied; law 7 holds for each. */
const RULES: readonly Omit<FaultRule, 'nth'>[] = [
  { kind: 'write' },
  { kind: 'write', effect: 'short-write' },
  { kind: 'write', error: 'ENOSPC', times: 1_000_000 },
  { kind: 'datasync' },
  { kind: 'rename' },
  { kind: 'open' },
  { kind: 'syncDirectory' },
  { kind: 'list' },
  { kind: 'mkdir' },
  { kind: 'lock' },
  { kind: 'stat' },
];

// law 7
describe('a disk that refuses one operation', () => {
  it.each(RULES)('leaves typed errors, reads that go on, and all that was acknowledged: %o', async (rule) => {
    let faultCount = 0;
    for (let nth = 1; nth < OPERATIONS_MAX; nth++) {
      const disk = new MemoryFileSystem();
      const faulty = new FaultyFileSystem(disk, [{ ...rule, nth }]);
      const { history, failures, isOpened } = await runWithFault(faulty);
      const context = `fault at ${rule.kind} ${nth}: ${faulty.injected[0]?.path}`;
      if (faulty.injected.length === 0) {
        expect(failures).toEqual([]);
        break;
      }
      faultCount++;
      if (!isOpened) expect(failures.at(0)?.code, context).toBe('STEME_IO');
      const crashed = disk.crashClone(nth);
      expect(await recoveredCount(crashed, history, 'power loss'), `${context}, then a power loss`).toBeDefined();
      // The lock was released, whether the open failed or the close.
      expect(await recoveredCount(disk, history, 'kill'), context).toBeDefined();
    }
    expect(faultCount).toBeGreaterThan(0);
    expect(faultCount).toBeLessThan(OPERATIONS_MAX - 1);
  });
});

describe('a disk that refuses one operation on blob files', () => {
  const rules = (['write', 'datasync', 'open', 'remove', 'syncDirectory'] as const).map((kind) => ({ kind }));

  it.each(rules)('leaves all that was acknowledged, and no half file: %o', async (rule) => {
    let faultCount = 0;
    for (let nth = 1; nth < OPERATIONS_MAX; nth++) {
      const disk = new MemoryFileSystem();
      const path = rule.kind === 'syncDirectory' ? undefined : /\.blob$/;
      const faulty = new FaultyFileSystem(disk, [{ ...rule, ...(path && { path }), nth }]);
      const { history } = await runWithFault(faulty, BLOB_OPTIONS);
      if (faulty.injected.length === 0) break;
      faultCount++;
      const context = `fault at ${rule.kind} ${nth}: ${faulty.injected[0]?.path}`;
      expect(await recoveredCount(disk.crashClone(nth), history, 'power loss'), context).toBeDefined();
      expect(await recoveredCount(disk, history, 'kill'), context).toBeDefined();
      await withDatabase(disk, BLOB_OPTIONS, async (db) => {
        await db.put('last', 'sweeps');
        await db.flush();
        expect(await filesOf(disk, '.blob'), context).toHaveLength(db.stats().blobs.fileCount);
      });
    }
    expect(faultCount).toBeGreaterThan(0);
    expect(faultCount).toBeLessThan(OPERATIONS_MAX - 1);
  });
});
