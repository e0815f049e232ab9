import type { BatchOperation, Database, WriteOptions } from '../engine/api.js';
import type { RangeOptions } from '../read/bounds.js';
import type { LevelRange } from './level-range.js';
import { engineRange } from './level-range.js';
import { LevelSnapshot } from './level-snapshot.js';

/** Keys that one batch deletes. */
const KEYS_PER_BATCH = 1000;

/** Deletes what is in the range now, or what of it a snapshot saw. */
export async function clearRange(database: Database, range: LevelRange, options: WriteOptions): Promise<void> {
  const isWhole = range.limit === -1 && (range.snapshot === undefined || range.snapshot === null);
  await (isWhole ? deleteAtOnce(database, range, options) : deleteEach(database, range, options));
}

/**
 * One batch, all or nothing: a range delete from the first key up to the last, and that one. So nothing is said about keys that
 * are not there, and an empty range writes nothing.
 */
async function deleteAtOnce(database: Database, range: LevelRange, options: WriteOptions): Promise<void> {
  const bounds = engineRange(range);
  // Both in one turn of the event loop: they look at one moment.
  const first = edgeKey(database, bounds, false);
  const last = edgeKey(database, bounds, true);
  if (first === undefined || last === undefined) return;
  await database.batch(
    [
      { type: 'delRange', gte: first, lt: last },
      { type: 'del', key: last },
    ],
    options,
  );
}

function edgeKey(database: Database, bounds: RangeOptions, reverse: boolean): Buffer | undefined {
  const iterator = database.iterator({ ...bounds, reverse, limit: 1, values: false });
  try {
    return iterator.nextvSync(1)[0]?.[0];
  } finally {
    void iterator.close();
  }
}

/** Key by key, in batches: a crash may leave the rest of the range, as with classic-level. */
async function deleteEach(database: Database, range: LevelRange, options: WriteOptions): Promise<void> {
  const { reverse, limit } = range;
  const moment = LevelSnapshot.readOptions(range.snapshot);
  const iterator = database.iterator({ ...engineRange(range), reverse, limit, values: false, ...moment });
  try {
    for (;;) {
      const entries = await iterator.nextv(KEYS_PER_BATCH);
      if (entries.length === 0) return;
      await database.batch(
        entries.map(([key]): BatchOperation => ({ type: 'del', key })),
        options,
      );
    }
  } finally {
    await iterator.close();
  }
}
