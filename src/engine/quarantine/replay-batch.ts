/** What one batch of a replay writes: the records of its entries, and what became of each. Pure. */
import { EMPTY_BYTES } from '../../base/bytes.js';
import { KIND_DELETE, KIND_PUT } from '../../base/internal-key.js';
import type { Operation } from '../write-queue.js';
import { type EntryMark, encodeMark, markKey } from './entry-marks.js';
import type { QuarantinedRecord } from './quarantine-api.js';

/** An entry that was tried. */
export interface ReplayedEntry {
  readonly record: QuarantinedRecord;
  /** The one that it has so far. */
  readonly mark: EntryMark | undefined;
  /** No entry of the tenant lies between this one and the one before it in the batch. */
  readonly isNext: boolean;
  readonly outcome: { readonly operations: readonly Operation[] } | { readonly error: string };
}

/** Neighbours that are done have one mark together. */
export function operationsOfBatch(entries: readonly ReplayedEntry[], atMs: number): Operation[] {
  const operations: Operation[] = [];
  const marks: Operation[] = [];
  let run: { tenant: string; firstEntry: number; lastEntry: number; count: number } | undefined;
  const endRun = (): void => {
    if (run !== undefined) marks.push(markPut(run.tenant, { ...run, state: 'done', atMs, error: '' }));
    run = undefined;
  };
  for (const { record, mark, isNext, outcome } of entries) {
    const { tenant, number } = record;
    if ('error' in outcome) {
      endRun();
      const count = (mark?.count ?? 0) + 1;
      const failed = { state: 'failed', firstEntry: number, lastEntry: number, count, atMs } as const;
      marks.push(markPut(tenant, { ...failed, error: outcome.error }));
      continue;
    }
    for (const operation of outcome.operations) operations.push(operation);
    // Before the mark that covers it now, which may have the same key.
    if (mark !== undefined) operations.push({ kind: KIND_DELETE, key: markKey(tenant, number), value: EMPTY_BYTES });
    if (run === undefined || !isNext || run.tenant !== tenant) {
      endRun();
      run = { tenant, firstEntry: number, lastEntry: number, count: 1 };
    } else {
      run.lastEntry = number;
      run.count++;
    }
  }
  endRun();
  for (const mark of marks) operations.push(mark);
  return operations;
}

function markPut(tenant: string, mark: EntryMark): Operation {
  return { kind: KIND_PUT, key: markKey(tenant, mark.lastEntry), value: encodeMark(mark) };
}
