import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { openOn } from '../support/test-database.js';

/** So many promise reactions after an operation of the disk ended: past that, nothing of it is still on its way. */
const REACTIONS_MAX = 40;

// law 8: a flush that is asked for just when the one before ends must not be taken for part of it.
it('a flush comes to its end at whatever moment of the one before it was asked for', async () => {
  let afterOperation: () => void = () => undefined;
  const watched = interceptFileSystem(
    new MemoryFileSystem(),
    () => undefined,
    () => {
      afterOperation();
      return undefined;
    },
  );
  const db = await openOn(watched);
  const operationCount = await countOperations(db, (count) => {
    afterOperation = count;
  });
  for (let nth = 1; nth <= operationCount; nth++) {
    for (let reactions = 0; reactions <= REACTIONS_MAX; reactions++) {
      let seen = 0;
      const late = new Promise<void>((resolve, reject) => {
        afterOperation = () => {
          seen++;
          if (seen === nth) lateFlush(db, reactions).then(resolve, reject);
        };
      });
      await db.put('a', '1', { sync: false });
      await settles('the first flush', db.flush());
      await settles(`a flush ${reactions} reactions after operation ${nth}`, late);
    }
  }
  afterOperation = () => undefined;
  await settles('the close', db.close());
});

/** How many operations a put with its flush and the clearing up take, once the first ones are over. */
async function countOperations(db: Database, watch: (count: () => void) => void): Promise<number> {
  let operations = 0;
  for (let round = 0; round < 3; round++) {
    operations = 0;
    watch(() => operations++);
    await db.put('a', '1', { sync: false });
    await db.flush();
    for (let turn = 0; turn < 10; turn++) await nextTurn();
  }
  return operations;
}

async function lateFlush(db: Database, reactions: number): Promise<void> {
  for (let i = 0; i < reactions; i++) await Promise.resolve();
  const put = db.put('b', '2', { sync: false });
  await db.flush();
  await put;
}

it('a stall ends, and is counted as ended, by whatever flush makes the room that writers wait for', async () => {
  let stallCount = 0;
  for (let writeCount = 4; writeCount < 24; writeCount++) {
    const db = await openOn(new MemoryFileSystem(), { memtableBytes: 4096 });
    const writes = Array.from({ length: writeCount }, (_, i) => db.put(`key ${i}`, 'v'.repeat(1000)));
    stallCount += db.stats().stalls.count;
    await settles('the writes', Promise.all([...writes, db.flush()]));
    expect(db.stats().stalls.cause, `${writeCount} writes`).toBeUndefined();
    await db.close();
  }
  expect(stallCount).toBeGreaterThan(0);
});
