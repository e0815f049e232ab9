import { setImmediate as nextTurn } from 'node:timers/promises';
import { KIND_RANGE_DELETE } from '../base/internal-key.js';
import type { Memtable } from './memtable.js';

/** So many records take less than a millisecond or two. */
const RECORDS_PER_TURN = 1000;

/**
 * Inserts what `source` holds up to `sequenceMax`, all versions, into the empty `target`. A turn of the event loop between steps
 * (law 11); nothing is inserted into either meanwhile.
 */
export async function copyMemtable(source: Memtable, sequenceMax: number, target: Memtable): Promise<void> {
  let count = 0;
  const records = source.iterator();
  // Backwards: of each key the oldest version comes first, as a memtable wants it.
  for (records.seekToLast(); records.valid; records.prev()) {
    const { sequence, kind, keySource, keyStart, keyEnd, valueSource, valueStart, valueEnd } = records;
    if (sequence > sequenceMax) continue;
    target.insert(sequence, kind, keySource, keyStart, keyEnd, valueSource, valueStart, valueEnd);
    if (++count % RECORDS_PER_TURN === 0) await nextTurn();
  }
  for (const { sequence, start, end } of source.rangeDeletesAfter(0).reverse()) {
    if (sequence > sequenceMax) break;
    target.insert(sequence, KIND_RANGE_DELETE, start, 0, start.length, end, 0, end.length);
    if (++count % RECORDS_PER_TURN === 0) await nextTurn();
  }
}
