/** Writes records for a workload in a process of its own: one that can be killed, and that takes its mappings and caches with it. */
import { openEngineOf } from '../peers/open-engine.js';
import { nextInstruction, report } from '../support/child-process.js';
import { ingest } from './ingest.js';
import { settled } from './process-io.js';
import { RandomRecords } from './records.js';
import { WRITTEN, type WriterTask } from './writer-task.js';

const SIGNAL_MS_MAX = 60_000;

const task = JSON.parse(await nextInstruction()) as WriterTask;
const openEngine = await openEngineOf(task.engine);
const engine = await openEngine(task.directory, task.settings);
const isKilled = task.end === 'killed';
const records = new RandomRecords(task.seed, task.valueBytes);
await ingest(engine, { records, recordCount: task.recordCount, isEndDurable: !isKilled });
if (!isKilled) {
  await settled();
  await engine.close();
}
report(WRITTEN);
// Until the signal comes, nothing here closes or flushes; should the one that sends it be dead, this ends some time.
if (isKilled) setTimeout(() => process.exit(1), SIGNAL_MS_MAX);
