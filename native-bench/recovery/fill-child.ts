/**
 * Fills a log that no flush has caught up with, tells so, and waits to be killed. The memtable that is sealed on the way is so
 * large that its flush is under way, and not at its end, when the log is full.
 */
import type { BatchOperation } from '../../src/engine/api.js';
import { nextInstruction, report } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { InFlight } from '../support/in-flight.js';
import { KEY_BYTES } from '../workloads/workload.js';
import { recoveryRecords } from './recovery-records.js';
import type { FilledReport, RecoveryTask } from './recovery-task.js';

const BATCH_RECORDS = 1000;
const BATCHES_IN_FLIGHT = 4;
const NO_SYNC = { sync: false };
/** So long that nothing is flushed for it: the log is to be full. */
const MAX_RECOVERY_SECONDS = 3600;

const task = JSON.parse(await nextInstruction()) as RecoveryTask;
const { open } = await loadEngine();
const db = await open(task.directory, { memtableBytes: task.memtableBytes, maxRecoverySeconds: MAX_RECOVERY_SECONDS });
const records = recoveryRecords(task);
const inFlight = new InFlight(BATCHES_IN_FLIGHT);
let recordCount = 0;
while (db.stats().wal.writtenBytes < task.logBytes) {
  await inFlight.add(db.batch(batchFrom(recordCount), NO_SYNC));
  recordCount += BATCH_RECORDS;
}
await inFlight.drain();
await db.sync();
const { wal, memtables, flushes } = db.stats();
if (flushes.count > 0) throw new Error('a memtable was flushed before the log was full: take a larger --memtable-mib');
const filled: FilledReport = { recordCount, writtenBytes: wal.writtenBytes, sealedCount: memtables.sealedCount };
report(JSON.stringify(filled));

function batchFrom(first: number): BatchOperation[] {
  const keys = records.keys(first, BATCH_RECORDS);
  return Array.from({ length: BATCH_RECORDS }, (_, i) => {
    const key = keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES);
    return { type: 'put', key, value: records.value(first + i) };
  });
}
