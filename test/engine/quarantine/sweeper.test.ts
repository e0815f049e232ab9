import { expect, it } from 'vitest';
import { markKey } from '../../../src/engine/quarantine/entry-marks.js';
import { QuarantineSweeper } from '../../../src/engine/quarantine/quarantine-sweeper.js';
import type { SystemStore } from '../../../src/engine/quarantine/system-store.js';
import type { Operation } from '../../../src/engine/write-queue.js';
import { memoryWith } from '../../log/log-bytes.js';
import { draftOf, openJournal } from '../../quarantine/journal-rig.js';

it('keeps the marks of entries that a checkpoint under way has, and removes them once it is over', async () => {
  const { journal, time } = await openJournal(await memoryWith({}), { intakeBytes: 8192, segmentBytesMax: 1 });
  for (let i = 1; i <= 5; i++) await journal.append(draftOf('a', `${i}`.padEnd(9000, '.')));
  await journal.settle();
  const written: Operation[] = [];
  const store: SystemStore = {
    get: () => undefined,
    scan: () => {
      throw new Error('it looks at no mark');
    },
    write: async (operations) => void written.push(...operations),
  };
  const settings = { retentionMs: 0, bytesMax: 0, entriesMax: 0, whenFull: 'refuse' as const, tenants: {} };
  const sweeper = new QuarantineSweeper({
    journal: async () => journal,
    store,
    settings,
    clock: time,
    timers: time,
    onWarning: (warning) => {
      throw warning;
    },
  });
  expect(await sweeper.remove('a', ({ lastEntry }) => lastEntry <= 1)).toBe(1);
  const release = journal.hold();
  expect(await sweeper.remove('a', ({ lastEntry }) => lastEntry <= 3)).toBe(2);
  await release();
  expect(await sweeper.remove('a', ({ lastEntry }) => lastEntry <= 4)).toBe(1);
  const ends = written.map(({ value }) => Buffer.from(value).toString('hex'));
  expect(ends).toEqual([2, 2, 5].map((entry) => Buffer.from(markKey('a', entry)).toString('hex')));
  await journal.close();
});
