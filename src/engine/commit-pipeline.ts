/**
 * The one way in for writes, on the thread that opened the database. A write takes these steps in one turn of the event
 * loop, so that no other can come between them:
 *
 *   1. room      in the active memtable (else seal it, or wait: stall) and in the log's ring (else wait)
 *   2. sequence  the next numbers, one an operation
 *   3. log       the operations, in one frame or one fragmented record: all or none survive a crash
 *   4. memtable  inserted at once, under numbers that readers cannot see yet (law 2)
 *   5. promise   of the log's group; when it is safe, `visibleSequence` moves past the group, then the promise resolves
 *
 * Two orders hold: log order = sequence order = memtable order, and visible only after safe. Writes that find no room wait
 * in a queue, first come first served, copied so that the caller may reuse its memory. Stalls and background errors enter
 * here and nowhere else: after the first failure every write is refused with it (law 7).
 */
import type { Clock } from '../base/clock.js';
import { StemeError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import type { Kind } from '../base/internal-key.js';
import { PENDING_WRITE_BYTES_MAX } from '../base/limits.js';
import { Memtable } from '../memtable/memtable.js';
import { operationBytes, WAL_RECORD_HEADER_BYTES, writeOperation, writeWalRecordHeader } from '../wal/wal-record.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { FRAME_OPERATION_BYTES_MAX } from '../wal/wal-writer.js';
import { Deferred } from './deferred.js';
import { StallMeter } from './stall-meter.js';
import type { TreeState } from './tree-state.js';

/** One put or delete; a delete has an empty value. */
export interface Operation {
  readonly kind: Kind;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface QueuedWrite {
  readonly operations: readonly Operation[];
  readonly bytes: number;
  readonly wantsSync: boolean;
  readonly done: Deferred<void>;
}

export interface CommitPipelineOptions {
  readonly state: TreeState;
  readonly wal: WalWriter;
  readonly clock: Clock;
  readonly lastSequence: number;
  /** Seals the active memtable for one of at least `minimumBytes`; false while too many wait for their flush (law 8). */
  readonly trySeal: (minimumBytes: number) => boolean;
}

export class CommitPipeline {
  readonly #state: TreeState;
  readonly #wal: WalWriter;
  readonly #trySeal: (minimumBytes: number) => boolean;
  readonly #queue = new Fifo<QueuedWrite>();
  #queuedBytes = 0;
  #lastQueued: Promise<void> = Promise.resolve();
  #failure: StemeError | undefined;
  #lastSequence: number;

  readonly stalls: StallMeter;
  recordCount = 0;
  batchCount = 0;
  userBytes = 0;

  constructor(options: CommitPipelineOptions) {
    this.#state = options.state;
    this.#wal = options.wal;
    this.#trySeal = options.trySeal;
    this.#lastSequence = options.lastSequence;
    this.stalls = new StallMeter(options.clock);
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get failure(): StemeError | undefined {
    return this.#failure;
  }

  /** One operation; the common case, without an object for it. */
  writeOne(kind: Kind, key: Uint8Array, value: Uint8Array, wantsSync: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = operationBytes(kind, key.length, value.length);
    const isSmall = bytes <= FRAME_OPERATION_BYTES_MAX && this.#queue.length === 0;
    if (!isSmall || !this.#hasMemtableRoom(1, key.length + value.length) || !this.#wal.tryReserve(bytes)) {
      return this.write([{ kind, key, value }], wantsSync);
    }
    this.#lastSequence++;
    this.#wal.append(this.#lastSequence, kind, key, 0, key.length, value, 0, value.length);
    this.#state.active.memtable.insert(this.#lastSequence, kind, key, 0, key.length, value, 0, value.length);
    this.#count(1, key.length + value.length);
    return this.#wal.commit(wantsSync);
  }

  /** All operations or none. */
  write(operations: readonly Operation[], wantsSync: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#queue.length === 0) {
      const done = this.#tryWrite(operations, wantsSync);
      if (done !== undefined) return done;
    }
    return this.#enqueue(operations, wantsSync);
  }

  /** Resolves when every write before it is durable. */
  async sync(): Promise<void> {
    await this.#lastQueued;
    await this.#wal.sync();
  }

  /** Waits for queued writes; their outcome is their callers' matter. */
  async drained(): Promise<void> {
    await Promise.allSettled([this.#lastQueued]);
  }

  /** There is room again, in the log or in memory: lets the queue go on. */
  resume(): void {
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const done = this.#tryWrite(next.operations, next.wantsSync);
      if (done === undefined) return;
      this.stalls.end();
      this.#queue.shift();
      this.#queuedBytes -= next.bytes;
      done.then(next.done.resolve, next.done.reject);
    }
  }

  /** Refuses everything from now on, and what is queued (law 7). */
  fail(error: StemeError): void {
    this.#failure ??= error;
    this.stalls.end();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next.done.reject(error);
    this.#queuedBytes = 0;
  }

  #enqueue(operations: readonly Operation[], wantsSync: boolean): Promise<void> {
    const bytes = payloadBytes(operations);
    if (this.#queuedBytes + bytes > PENDING_WRITE_BYTES_MAX) {
      const message = `${this.#queuedBytes} bytes of writes wait for room; await earlier writes before making more`;
      return Promise.reject(new StemeError('STEME_BUSY', message));
    }
    const done = new Deferred<void>();
    this.#queue.push({ operations: operations.map(copyOperation), bytes, wantsSync, done });
    this.#queuedBytes += bytes;
    this.#lastQueued = done.promise;
    return done.promise;
  }

  /** Undefined when there is no room now; then nothing has changed. */
  #tryWrite(operations: readonly Operation[], wantsSync: boolean): Promise<void> | undefined {
    if (this.#wal.isBusy) return undefined;
    const userBytes = payloadBytes(operations);
    if (!this.#hasMemtableRoom(operations.length, userBytes)) return undefined;
    const bytes = operations.reduce(
      (sum, { kind, key, value }) => sum + operationBytes(kind, key.length, value.length),
      0,
    );
    const isLarge = bytes > FRAME_OPERATION_BYTES_MAX;
    if (!isLarge && !this.#wal.tryReserve(bytes)) return undefined;
    const done = isLarge ? this.#appendLarge(operations, bytes, wantsSync) : this.#append(operations, wantsSync);
    this.#insert(operations);
    this.#count(operations.length, userBytes);
    return done;
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

  #insert(operations: readonly Operation[]): void {
    const { memtable } = this.#state.active;
    for (const { kind, key, value } of operations) {
      this.#lastSequence++;
      memtable.insert(this.#lastSequence, kind, key, 0, key.length, value, 0, value.length);
    }
  }

  #hasMemtableRoom(count: number, userBytes: number): boolean {
    if (this.#state.active.memtable.hasRoom(count, userBytes)) return true;
    if (this.#wal.isBusy) return false;
    if (!this.#trySeal(Memtable.boundBytes(count, userBytes))) {
      this.stalls.begin('too many memtables wait for their flush');
      return false;
    }
    return true;
  }

  #count(records: number, userBytes: number): void {
    this.recordCount += records;
    this.batchCount++;
    this.userBytes += userBytes;
  }
}

function payloadBytes(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const { key, value } of operations) bytes += key.length + value.length;
  return bytes;
}

function copyOperation({ kind, key, value }: Operation): Operation {
  return { kind, key: Uint8Array.from(key), value: Uint8Array.from(value) };
}
