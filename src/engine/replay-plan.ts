/**
 * Which records of the log go into which memtable, decided while the log is read and before any of them is inserted, so that several
 * memtables can be filled at once. Pure.
 *
 * How much of the log a memtable holds is only known when it is full. What is known of some operations beforehand is a bound from
 * above, which they never exceed, and one from below. Up to the first they surely fit. Between the two they may: that is tried
 * where a segment ends there, since a segment ends when a memtable is full, and then those records had fitted one before.
 */
import { Memtable } from '../memtable/memtable.js';
import { RECORD_HEADER_WORDS } from '../memtable/record.js';
import { type LogStretch, startsAtEndOf } from '../wal/log-stretch.js';
import { WAL_RECORD_HEADER_BYTES } from '../wal/wal-record.js';

export interface ReplayRecord {
  readonly stretch: LogStretch;
  readonly operations: number;
  readonly payloadBytes: number;
}

/** What one memtable is to hold. */
export interface ReplayRun {
  readonly stretches: readonly LogStretch[];
  readonly payloadBytes: number;
  /** A memtable of at least so many bytes takes the largest of its records. */
  readonly recordMemoryBytesMax: number;
}

export interface ReplayPlanOptions {
  readonly memtableBytes: number;
  /** A run that has come to so much log is complete: there are to be some to share among threads. */
  readonly runBytesMax: number;
}

/** A kind and two lengths, in the log and not in the memtable. */
const OPERATION_HEAD_BYTES_MAX = 8;
/** What an operation takes in a memtable at least, over its share of the payload. */
const OVERHEAD_BYTES_MIN = 4 * RECORD_HEADER_WORDS - OPERATION_HEAD_BYTES_MAX - WAL_RECORD_HEADER_BYTES;

export class ReplayPlan {
  readonly #options: ReplayPlanOptions;
  /** What surely fits a memtable, and the records behind it that may. */
  #sure = new Part();
  #perhaps: ReplayRecord[] = [];
  #payloadBytes = 0;
  #operations = 0;

  constructor(options: ReplayPlanOptions) {
    this.#options = options;
  }

  /** Takes the next record of the log; returns the runs that are complete by that. */
  add(record: ReplayRecord): ReplayRun[] {
    const runs = this.#endsBefore(record) ? this.finish() : [];
    this.#put(record, runs);
    return runs;
  }

  /** What is left when there are no more records. */
  finish(): ReplayRun[] {
    for (const record of this.#perhaps) this.#sure.add(record);
    const whole = this.#begin();
    return whole.isEmpty ? [] : [whole];
  }

  #endsBefore({ stretch }: ReplayRecord): boolean {
    const segmentNumber = this.#perhaps.at(-1)?.stretch.segmentNumber;
    if (segmentNumber !== undefined && segmentNumber !== stretch.segmentNumber) return true;
    return this.#payloadBytes >= this.#options.runBytesMax;
  }

  #put(record: ReplayRecord, runs: ReplayRun[]): void {
    const { memtableBytes } = this.#options;
    const operations = this.#operations + record.operations;
    const payloadBytes = this.#payloadBytes + record.payloadBytes;
    if (Memtable.boundBytes(operations, payloadBytes) <= memtableBytes || this.#sure.isEmpty) this.#sure.add(record);
    else if (operations * OVERHEAD_BYTES_MIN + payloadBytes <= memtableBytes) this.#perhaps.push(record);
    else {
      // No segment has ended in time: those behind what surely fits begin the next run.
      const left = [...this.#perhaps, record];
      runs.push(this.#begin());
      for (const each of left) this.#put(each, runs);
      return;
    }
    this.#operations = operations;
    this.#payloadBytes = payloadBytes;
  }

  /** Begins the next run, and returns what surely fitted this one. */
  #begin(): Part {
    const sure = this.#sure;
    this.#sure = new Part();
    this.#perhaps = [];
    this.#operations = 0;
    this.#payloadBytes = 0;
    return sure;
  }
}

/** Consecutive records. */
class Part implements ReplayRun {
  readonly stretches: LogStretch[] = [];
  operations = 0;
  payloadBytes = 0;
  recordMemoryBytesMax = 0;

  get isEmpty(): boolean {
    return this.operations === 0;
  }

  add({ stretch, operations, payloadBytes }: ReplayRecord): void {
    this.#addStretch(stretch);
    this.operations += operations;
    this.payloadBytes += payloadBytes;
    this.recordMemoryBytesMax = Math.max(this.recordMemoryBytesMax, Memtable.boundBytes(operations, payloadBytes));
  }

  #addStretch(stretch: LogStretch): void {
    const last = this.stretches.at(-1);
    if (last === undefined || !startsAtEndOf(last, stretch)) this.stretches.push(stretch);
    else this.stretches[this.stretches.length - 1] = { ...last, endBytes: stretch.endBytes };
  }
}
