import { describe, expect, it } from 'vitest';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BLOB_OPTIONS, recoveredCount, runWithFault } from '../support/fault-run.js';
import { filesOf, withDatabase } from '../support/test-database.js';

/** Past the last operation of its kind a run meets no fault, and the sweep is over. */
const OPERATIONS_MAX = 400;

describe('a disk that refuses one operation on blob files', () => {
  const rules = (['write', 'datasync', 'open', 'remove', 'syncDirectory'] as const).map((kind) => ({ kind }));

  it.each(rules)('leaves all that was acknowledged, and no half file: %o', async (rule) => {
    let faultCount = 0;
    for (let nth = 1; nth < OPERATIONS_MAX; nth++) {
      const disk = new MemoryFileSystem();
      const path = rule.kind === 'syncDirectory' ? undefined : /\.blob$/;
      const faulty = new FaultyFileSystem(disk, [{ ...rule, ...(path && { path }), nth }]);
      const { history } = await runWithFault({ engine: faulty, jobs: faulty }, BLOB_OPTIONS);
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
