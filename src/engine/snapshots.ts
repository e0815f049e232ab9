/**
 * A snapshot is two numbers, a sequence and a time. It holds no file: its reads go through the tree as it is then, and compactions
 * keep, of each key, what the sequences in this registry see.
 *
 *     handle (the user's) ──► record ◄── registry
 *
 * The registry knows only records, so a handle that the user has lost can be collected: a finalizer then closes its record and
 * says so. Both numbers only grow, so records in the order of opening are in the order of both.
 */
import type { Clock } from '../base/clock.js';
import { InvalidOptionsError, StemeError } from '../base/errors.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import type { ReadView } from '../read/read-view.js';
import type { Snapshot } from './api.js';

interface SnapshotRecord {
  readonly sequence: number;
  readonly nowMs: number;
  readonly openedAtMs: number;
  isClosed: boolean;
}

export class DatabaseSnapshot implements Snapshot, ReadView {
  readonly #record: SnapshotRecord;
  readonly #close: (record: SnapshotRecord) => void;

  constructor(record: SnapshotRecord, close: (record: SnapshotRecord) => void) {
    this.#record = record;
    this.#close = close;
  }

  get sequence(): number {
    return this.#record.sequence;
  }

  /** What had expired by then is not seen. */
  get nowMs(): number {
    return this.#record.nowMs;
  }

  get createdAtMs(): number {
    return this.#record.nowMs;
  }

  get isClosed(): boolean {
    return this.#record.isClosed;
  }

  close(): void {
    this.#close(this.#record);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export interface SnapshotRegistryOptions {
  readonly visibleSequence: () => number;
  /** The time that readers go by. */
  readonly readTimeMs: () => number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A snapshot that is open for longer is worth a warning; 0: none. */
  readonly warningMs: number;
  readonly onWarning: (warning: StemeError) => void;
}

/** The snapshots that are open. */
export class SnapshotRegistry {
  readonly #options: SnapshotRegistryOptions;
  /** Oldest first. */
  readonly #records = new Set<SnapshotRecord>();
  /** Closed ones too. */
  readonly #own = new WeakSet<Snapshot>();
  readonly #lost: FinalizationRegistry<SnapshotRecord>;
  readonly #close = (record: SnapshotRecord): void => {
    record.isClosed = true;
    this.#records.delete(record);
  };
  #cancelTimer: CancelTimer | undefined;
  #hasWarned = false;

  constructor(options: SnapshotRegistryOptions) {
    this.#options = options;
    this.#lost = new FinalizationRegistry((record) => this.#closeLost(record));
  }

  /** The present moment. */
  open(): DatabaseSnapshot {
    const { visibleSequence, readTimeMs, clock } = this.#options;
    const openedAtMs = clock.monotonicMs();
    const record = { sequence: visibleSequence(), nowMs: readTimeMs(), openedAtMs, isClosed: false };
    this.#records.add(record);
    const snapshot = new DatabaseSnapshot(record, this.#close);
    this.#own.add(snapshot);
    this.#lost.register(snapshot, record);
    this.#watchAge();
    return snapshot;
  }

  /** The moment that reads through it look at. Errors: STEME_INVALID_OPTION if it is not of this database, STEME_CLOSED. */
  viewOf(snapshot: Snapshot): ReadView {
    if (!(snapshot instanceof DatabaseSnapshot && this.#own.has(snapshot))) {
      throw new InvalidOptionsError(['snapshot must be a snapshot of this database']);
    }
    if (snapshot.isClosed) throw new StemeError('STEME_CLOSED', 'the snapshot is closed, or its database is');
    return snapshot;
  }

  get openCount(): number {
    return this.#records.size;
  }

  /** Ascending, each once. */
  sequences(): number[] {
    const sequences: number[] = [];
    for (const { sequence } of this.#records) if (sequence !== sequences.at(-1)) sequences.push(sequence);
    return sequences;
  }

  /** What expires later is still seen by one of them; undefined without any. */
  oldestTimeMs(): number | undefined {
    return this.#oldest()?.nowMs;
  }

  /** 0 without any. */
  oldestAgeMs(): number {
    const oldest = this.#oldest();
    return oldest === undefined ? 0 : this.#options.clock.monotonicMs() - oldest.openedAtMs;
  }

  /** The database is closing: every later use of one is an error. */
  closeAll(): void {
    for (const record of this.#records) this.#close(record);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #oldest(): SnapshotRecord | undefined {
    for (const record of this.#records) return record;
    return undefined;
  }

  /** One timer for all: it looks at the oldest, and comes again when that may be too old. */
  #watchAge(): void {
    const { warningMs, timers } = this.#options;
    if (warningMs === 0 || this.#cancelTimer !== undefined || this.#records.size === 0) return;
    const leftMs = Math.max(warningMs - this.oldestAgeMs(), 1);
    this.#cancelTimer = timers.afterIdly(this.#hasWarned ? warningMs : leftMs, () => {
      this.#cancelTimer = undefined;
      this.#warnIfOld();
      this.#watchAge();
    });
  }

  /** Once, until there is no such old one any more. */
  #warnIfOld(): void {
    const ageMs = this.oldestAgeMs();
    const isOld = ageMs >= this.#options.warningMs;
    if (isOld && !this.#hasWarned) {
      const seconds = Math.round(ageMs / 1000);
      const message = `a snapshot has been open for ${seconds} s: compactions keep everything that it sees; close it when it is done`;
      this.#options.onWarning(new StemeError('STEME_LEAK', message));
    }
    this.#hasWarned = isOld;
  }

  #closeLost(record: SnapshotRecord): void {
    if (record.isClosed) return;
    this.#close(record);
    const message =
      'a snapshot was lost without close(): until it was collected, compactions had to keep all that it saw';
    this.#options.onWarning(new StemeError('STEME_LEAK', message));
  }
}
