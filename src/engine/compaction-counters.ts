import type { CompactionPlan } from '../compaction/compaction-plan.js';
import type { CompactionOutcome } from './compaction-executor.js';

/** What compactions have done since the open. */
export class CompactionCounters {
  /** Merges. */
  count = 0;
  /** Tables that went to another level as they are, and tables that went away unread. */
  movedTableCount = 0;
  droppedTableCount = 0;
  readBytes = 0;
  storedBytes = 0;
  totalMs = 0;

  add({ kind, inputs }: CompactionPlan, { readBytes, writtenBytes, workMs }: CompactionOutcome): void {
    if (kind === 'merge') this.count++;
    else if (kind === 'move') this.movedTableCount += inputs.length;
    else this.droppedTableCount += inputs.length;
    this.readBytes += readBytes;
    this.storedBytes += writtenBytes;
    this.totalMs += workMs;
  }

  /** Bytes read and written in a second of work; 0 while nothing was done. */
  get bytesPerSecond(): number {
    return this.totalMs === 0 ? 0 : ((this.readBytes + this.storedBytes) / this.totalMs) * 1000;
  }
}
