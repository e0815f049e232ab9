import type { WriteHistory } from '../support/write-history.js';
import type { CheckpointRecord, CrashPoint } from './crash-recorder.js';
import type { DiskReading, Reading } from './disk-reading.js';
import { judgeQuarantine } from './judge-quarantine.js';
import { describeContents } from './reading.js';
import { Violation } from './violation.js';

/**
 * Holds what is found after a crash against the record of acknowledgements: nothing acknowledged or seen is lost, batches are whole,
 * nothing is invented, order is right. Returns after how many writes the database stands.
 */
export function judgeCrash({ history, bounds, checkpoints, quarantine }: CrashPoint, reading: DiskReading): number {
  const count = history.matchingCount(reading.contents, bounds, reading.nowMs);
  if (count === undefined) {
    const { floor, ceiling } = bounds;
    throw new Violation(`not the state after ${floor} to ${ceiling} writes: ${describeContents(reading.contents)}`);
  }
  for (const [i, checkpoint] of checkpoints.entries()) {
    judgeCheckpoint(checkpoint, reading.checkpoints[i], history, bounds.ceiling);
  }
  if (reading.quarantine !== undefined) judgeQuarantine(quarantine, reading.quarantine);
  return count;
}

/** A checkpoint is a whole database by itself, or is not there yet under its name. */
function judgeCheckpoint(
  { directory, floor, isDone }: CheckpointRecord,
  found: Reading | undefined,
  history: WriteHistory,
  ceiling: number,
): void {
  if (found === undefined) {
    if (isDone) throw new Violation(`the checkpoint ${directory} was made and is gone`);
    return;
  }
  if (history.matchingCount(found.contents, { floor, ceiling }, found.nowMs) !== undefined) return;
  throw new Violation(
    `the checkpoint ${directory} holds no state of the database: ${describeContents(found.contents)}`,
  );
}
