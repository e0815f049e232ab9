import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/base/deferred.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { code, DIRECTORY, entriesOf } from '../support/test-database.js';

// law 5
describe('a compaction that reads damage', () => {
  it('leaves its tables alone, and compact() is refused with what was found: it does not wait for them', async () => {
    const disk = new MemoryFileSystem();
    const damaged = new FaultyFileSystem(disk, [{ kind: 'read', path: /\.sst$/, nth: 1, effect: 'corrupt-read' }]);
    const warned = new Deferred<unknown>();
    const environment = testEnvironment(disk, {
      createRunner: () => new InlineRunner(damaged),
      onWarning: ({ cause }) => warned.resolve(cause),
    });
    const db = await openWith(DIRECTORY, { memtableBytes: 4096, readMode: 'pread', walSync: 'fdatasync' }, environment);
    const entries = Array.from({ length: 9 }, (_, i): [string, string] => [`key ${i}`, `${i}`.padEnd(500, 'v')]);
    // Each table overlaps the one before it, so that there is something to merge.
    for (const [key, value] of entries) {
      await db.put(key, value);
      await db.put('same', value);
      await db.flush();
    }
    expect(await settles('the warning', warned.promise)).toEqual(code('STEME_CORRUPTION'));
    await expect(settles('compact()', db.compact())).rejects.toMatchObject({
      code: 'STEME_CORRUPTION',
      damage: { file: expect.stringMatching(/\.sst$/) },
    });
    await db.put('more', '1');
    await db.flush();
    expect(await entriesOf(db)).toHaveLength(entries.length + 2);
    await settles('the close', db.close());
  });
});
