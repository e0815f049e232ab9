/**
 * The one way in for writes, on the thread that opened the database. A write takes these steps in one turn of the event
 * loop, so that no other can come between them:
 *
 *   1. leave     of the stall controller, and of whoever holds the pipeline (else wait)
 *   2. room      in the active memtable (else seal it, or wait: stall) and in the log's ring (else wait)
 *   3. condition of the write, if it has one: it sees every write before it, visible or not; if it fails, nothing has changed
 *   4. sequence  the next numbers, one an operation
 *   5. log       the operations, in one frame or one fragmented record: all or none survive a crash
 *   6. memtable  inserted at once, under numbers that readers cannot see yet (law 2)
 *   7. promise   of the log's group; when it is safe, `visibleSequence` moves past the group, then the promise resolves
 *
 * Two orders hold: log order = sequence order = memtable order, and visible only after safe. Writes that have to wait stand
 * in a queue, first come first served. Stalls and background errors enter here and nowhere else: after a failure
 * every write is refused with it (law 7), until it is overcome (resumption.ts).
 */
import { EMPTY_BYTES } from '../base/bytes.js';
import { Deferred } from '../base/deferred.js';
import type { StemeError } from '../base/errors.js';
import { assert } from '../base/errors.js';
import type { Kind } from '../base/internal-key.js';
import { KIND_LOG_MARK } from '../base/internal-key.js';
import type { Timers } from '../base/timers.js';
import { Memtable } from '../memtable/memtable.js';
import { operationBytes, WAL_RECORD_HEADER_BYTES, writeOperation, writeWalRecordHeader } from '../wal/wal-record.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { FRAME_OPERATION_BYTES_MAX } from '../wal/wal-writer.js';
import type { StallController } from './stall-controller.js';
import { STALL_TEXTS } from './stall-controller.js';
import type { Stall, StallMeter } from './stall-meter.js';
import type { TreeState } from './tree-state.js';
import type { Operation, Precondition, WaitLimits, Write } from './write-queue.js';
import { busyError, payloadBytes, WriteQueue } from './write-queue.js';

export interface CommitPipelineOptions {
  readonly state: TreeState;
  readonly wal: WalWriter;
  readonly timers: Timers;
  readonly lastSequence: number;
  /** Seals the active memtable for one of at least `minimumBytes`; false while too many wait for their flush (law 8). */
  readonly trySeal: (minimumBytes: number) => boolean;
  /** How long a flush takes, by those before it. */
  readonly flushMs: () => number | undefined;
  readonly stalls: StallMeter;
  readonly controller: StallController;
}

export class CommitPipeline {
  readonly #state: TreeState;
  readonly #wal: WalWriter;
  readonly #options: CommitPipelineOptions;
  readonly #controller: StallController;
  readonly #queue: WriteQueue;
  readonly #marks: Deferred<number>[] = [];
  #holdCount = 0;
  #isResuming = false;
  /** Whether what was last tried had to wait for background work. */
  #isStalled = false;
  #lastDone: Promise<void> = Promise.resolve();
  #failure: StemeError | undefined;
  #lastSequence: number;

  readonly stalls: StallMeter;
  recordCount = 0;
  batchCount = 0;
  userBytes = 0;

  constructor(options: CommitPipelineOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#wal = options.wal;
    this.#controller = options.controller;
    this.#queue = new WriteQueue(options.timers);
    this.#lastSequence = options.lastSequence;
    this.stalls = options.stalls;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get failure(): StemeError | undefined {
    return this.#failure;
  }

  /** One operation; the common case, without an object for it. */
  writeOne(
    kind: Kind,
    key: Uint8Array,
    value: Uint8Array,
    wantsSync: boolean,
    limits: WaitLimits | undefined,
  ): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = operationBytes(kind, key.length, value.length);
    const isFree = bytes <= FRAME_OPERATION_BYTES_MAX && this.#isOpen && this.#controller.isClear;
    if (!isFree || !this.#hasMemtableRoom(1, key.length + value.length) || !this.#wal.tryReserve(bytes)) {
      return this.write([{ kind, key, value }], wantsSync, limits);
    }
    this.#lastSequence++;
    this.#wal.append(this.#lastSequence, kind, key, 0, key.length, value, 0, value.length);
    this.#state.insert(this.#lastSequence, kind, key, value);
    this.#count(1, key.length + value.length);
    this.#lastDone = this.#wal.commit(wantsSync);
    return this.#lastDone;
  }

  /**
   * All operations or none; none, and what `precondition` throws, if that fails. Errors: STEME_BUSY and STEME_ABORTED by its
   * limits, while it waits.
   */
  write(
    operations: readonly Operation[],
    wantsSync: boolean,
    limits?: WaitLimits,
    precondition?: Precondition,
  ): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const write: Write = { operations, wantsSync, precondition };
    try {
      return (this.#isOpen ? this.#tryWrite(write) : undefined) ?? this.#enqueue(write, limits);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when every write before it is durable. */
  async sync(): Promise<void> {
    await this.#queue.passed();
    await this.#wal.sync();
  }

  /** Resolves when everything that has a sequence by now is visible. */
  settled(): Promise<void> {
    return this.#lastDone;
  }

  /** Waits for queued writes; their outcome is their callers' matter. */
  async drained(): Promise<void> {
    await Promise.allSettled([this.#queue.passed()]);
  }

  /** From now on writes wait, until as many calls of `release`. */
  hold(): void {
    this.#holdCount++;
  }

  release(): void {
    assert(this.#holdCount > 0, 'a pipeline is released once for each hold');
    this.#holdCount--;
    this.resume();
  }

  /**
   * Takes a sequence number that changes nothing, whether the pipeline is held or not; resolves with it once it is durable and
   * visible. Writes before it have smaller numbers, writes that wait will have larger ones.
   */
  takeMark(): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const mark = new Deferred<number>();
    this.#marks.push(mark);
    this.#writeMarks();
    return mark.promise;
  }

  /** There is room again, in the log or in memory: lets the queue go on. */
  resume(): void {
    // A seal on the way of a write may say so too; the write at the head must not get in twice.
    if (this.#isResuming) return;
    this.#isResuming = true;
    this.#isStalled = false;
    try {
      this.#controller.refresh();
      this.#writeMarks();
      while (this.#holdCount === 0 && this.#admitNext());
    } finally {
      this.#isResuming = false;
    }
    if (!this.#isStalled) this.stalls.end();
  }

  /** Refuses everything from now on, and what is queued (law 7), until `recover`. */
  fail(error: StemeError): void {
    this.#failure ??= error;
    this.stalls.end();
    this.#queue.rejectAll(error);
    for (const mark of this.#marks.splice(0)) mark.reject(error);
  }

  /** The attempt to go on has failed, and this is why everything is refused from now on. */
  failAgain(error: StemeError): void {
    this.#failure = error;
  }

  /** The failure is overcome, and what it has refused is in no memtable and no log: writes go on after `lastSequence`. */
  recover(lastSequence: number): void {
    this.#failure = undefined;
    this.#lastSequence = lastSequence;
    this.#lastDone = Promise.resolve();
    this.resume();
  }

  /** No write waits, so that none is overtaken. */
  get #isOpen(): boolean {
    return this.#queue.isEmpty && this.#holdCount === 0;
  }

  #enqueue(write: Write, limits: WaitLimits | undefined): Promise<void> {
    const maxDelayMs = limits?.maxDelayMs;
    if (maxDelayMs !== undefined) {
      const waitMs = this.#controller.waitMs(this.#queue.bytes) ?? 0;
      if (maxDelayMs === 0 || waitMs > maxDelayMs) throw this.#busyError(maxDelayMs);
    }
    return this.#queue.push(write, limits, () => this.#busyText());
  }

  #busyError(maxDelayMs: number): StemeError {
    const error = busyError(maxDelayMs, this.#busyText());
    // Nobody waits for what this write would have waited for.
    if (this.#queue.isEmpty) this.stalls.end();
    return error;
  }

  #busyText(): string {
    if (this.stalls.cause !== undefined) return this.stalls.cause;
    return this.#holdCount > 0 ? 'a bulk load holds writers up' : 'earlier writes are on their way to the disk';
  }

  /** Whether the head of the queue has left it. */
  #admitNext(): boolean {
    const next = this.#queue.peek();
    if (next === undefined) return false;
    try {
      const done = next.operations.length === 0 ? Promise.resolve() : this.#tryWrite(next);
      if (done === undefined) return false;
      done.then(next.done.resolve, next.done.reject);
    } catch (error) {
      next.done.reject(error);
    }
    this.#queue.shift();
    return true;
  }

  /** Undefined when it cannot get in now; then nothing has changed. Throws what its precondition throws. */
  #tryWrite({ operations, wantsSync, precondition }: Write): Promise<void> | undefined {
    if (this.#wal.isBusy) return undefined;
    const stall = this.#controller.hindrance();
    if (stall !== undefined) {
      this.#beginStall(stall);
      return undefined;
    }
    const userBytes = payloadBytes(operations);
    if (!this.#hasMemtableRoom(operations.length, userBytes)) return undefined;
    const bytes = operations.reduce(
      (sum, { kind, key, value }) => sum + operationBytes(kind, key.length, value.length),
      0,
    );
    const isLarge = bytes > FRAME_OPERATION_BYTES_MAX;
    if (!isLarge && !this.#wal.tryReserve(bytes)) return undefined;
    precondition?.();
    this.#lastDone = isLarge ? this.#appendLarge(operations, bytes, wantsSync) : this.#append(operations, wantsSync);
    this.#insert(operations);
    this.#count(operations.length, userBytes);
    this.#controller.spend(userBytes);
    return this.#lastDone;
  }

  #append(operations: readonly Operation[], wantsSync: boolean): Promise<void> {
    let sequence = this.#lastSequence;
    for (const { kind, key, value } of operations) {
      sequence++;
      this.#wal.append(sequence, kind, key, 0, key.length, value, 0, value.length);
    }
    return this.#wal.commit(wantsSync);
  }

  #appendLarge(operations: readonly Operation[], bytes: number, wantsSync: boolean): Promise<void> {
    const payload = Buffer.allocUnsafe(WAL_RECORD_HEADER_BYTES + bytes);
    writeWalRecordHeader(payload, 0, this.#lastSequence + 1);
    let position = WAL_RECORD_HEADER_BYTES;
    for (const { kind, key, value } of operations) {
      position = writeOperation(payload, position, kind, key, 0, key.length, value, 0, value.length);
    }
    return this.#wal.appendLarge(payload, this.#lastSequence + operations.length, wantsSync);
  }

  #writeMarks(): void {
    const bytes = operationBytes(KIND_LOG_MARK, 0, 0);
    while (this.#marks.length > 0 && this.#wal.tryReserve(bytes)) {
      const mark = this.#marks.shift();
      const sequence = ++this.#lastSequence;
      this.#wal.append(sequence, KIND_LOG_MARK, EMPTY_BYTES, 0, 0, EMPTY_BYTES, 0, 0);
      this.#lastDone = this.#wal.commit(true);
      this.#lastDone.then(
        () => mark?.resolve(sequence),
        (error: unknown) => mark?.reject(error),
      );
    }
  }

  #insert(operations: readonly Operation[]): void {
    const state = this.#state;
    for (const { kind, key, value } of operations) {
      this.#lastSequence++;
      state.insert(this.#lastSequence, kind, key, value);
    }
  }

  #hasMemtableRoom(count: number, userBytes: number): boolean {
    if (this.#state.active.memtable.hasRoom(count, userBytes)) return true;
    if (this.#wal.isBusy) return false;
    if (this.#options.trySeal(Memtable.boundBytes(count, userBytes))) return true;
    this.#beginStall(this.#memtableStall());
    return false;
  }

  #beginStall(stall: Stall): void {
    this.#isStalled = true;
    this.stalls.begin(stall);
  }

  #memtableStall(): Stall {
    const debtBytes = this.#state.sealed.reduce((sum, { memtable }) => sum + memtable.usedBytes, 0);
    return { cause: STALL_TEXTS.memtables, debtBytes, estimateMs: this.#options.flushMs() };
  }

  #count(records: number, userBytes: number): void {
    this.recordCount += records;
    this.batchCount++;
    this.userBytes += userBytes;
    this.#state.noteFilling();
  }
}
