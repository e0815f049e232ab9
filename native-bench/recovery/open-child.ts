/** Opens what the killed process left, in a process of its own, and checks that all of it is there. */
import { readFileSync } from 'node:fs';
import { Prng } from '../../src/base/prng.js';
import { nextInstruction, report } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { EventLoopDelay } from '../support/event-loop-delay.js';
import { recoveryRecords } from './recovery-records.js';
import type { OpenedReport, RecoveryTask } from './recovery-task.js';

const CHECKED_RECORDS = 10_000;

const { recordCount, ...task } = JSON.parse(await nextInstruction()) as RecoveryTask & { recordCount: number };
const { open } = await loadEngine();
const records = recoveryRecords(task);
const lastKey = records.key(recordCount - 1);
const delay = new EventLoopDelay();
delay.start();
const cpuBefore = process.cpuUsage();
const startedAtMs = performance.now();
const db = await open(task.directory, { memtableBytes: task.memtableBytes });
const openMs = performance.now() - startedAtMs;
const cpu = process.cpuUsage(cpuBefore);
const lastValue = db.getSync(lastKey);
const firstReadMs = performance.now() - startedAtMs;
await db.put(lastKey, records.value(recordCount - 1));
const firstAckMs = performance.now() - startedAtMs;
delay.stop();
const rssMaxBytes = residentMaxBytes();
const { replayedRecords, replayedBytes } = db.stats().recovery;
if (lastValue === undefined || replayedRecords !== recordCount) {
  throw new Error(`${recordCount} records were acknowledged and ${replayedRecords} came back`);
}
checkSample();
const eventLoopMaxMs = delay.maxMs;
const opened: OpenedReport = {
  openMs,
  cpuMs: (cpu.user + cpu.system) / 1000,
  firstReadMs,
  firstAckMs,
  replayedRecords,
  replayedBytes,
  rssMaxBytes,
  eventLoopMaxMs,
};
report(JSON.stringify(opened));
// Killed again: what a close does is not measured here, and costs a flush.
process.kill(process.pid, 'SIGKILL');

function checkSample(): void {
  const random = new Prng(task.seed);
  for (let i = 0; i < CHECKED_RECORDS; i++) {
    const index = random.below(recordCount);
    if (db.getSync(records.key(index))?.equals(records.value(index)) !== true)
      throw new Error(`record ${index} is not there`);
  }
}

/** The most that this process has had in memory so far. */
function residentMaxBytes(): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  if (match === null) throw new Error('/proc/self/status has no VmHWM');
  return Number(match[1]) * 1024;
}
