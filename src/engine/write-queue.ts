import { Deferred } from '../base/deferred.js';
import { StemeError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import type { Kind } from '../base/internal-key.js';
import { PENDING_WRITE_BYTES_MAX } from '../base/limits.js';
import type { Timers } from '../base/timers.js';
import { AbortWatch } from './abort-watch.js';

/** One put or delete, with the stored value of its kind; a delete has an empty one. */
export interface Operation {
  readonly kind: Kind;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Asked in the turn in which the write gets its sequence, after every write before it got its own. Throws to refuse the write. */
export type Precondition = () => void;

/** What a write puts up with before it gets in. */
export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  readonly maxDelayMs?: number | undefined;
}

/** All operations or none. Without operations it only marks its place in the queue. */
export interface Write {
  readonly operations: readonly Operation[];
  readonly wantsSync: boolean;
  readonly precondition: Precondition | undefined;
}

export interface QueuedWrite extends Write {
  readonly done: Deferred<void>;
}

class WaitingWrite implements QueuedWrite {
  readonly wantsSync: boolean;
  readonly precondition: Precondition | undefined;
  readonly done = new Deferred<void>();
  operations: readonly Operation[];
  bytes: number;
  /** It was taken out of the middle of the queue: only its place is left. */
  isGone = false;
  /** Ends the watch over its limits. */
  release: () => void = () => undefined;

  constructor(write: Write, bytes: number) {
    this.wantsSync = write.wantsSync;
    this.precondition = write.precondition;
    this.operations = copyOperations(write.operations, bytes);
    this.bytes = bytes;
  }
}

/**
 * Writes that wait to get in, first come first served, copied so that the caller may reuse its memory. One that is aborted, or has
 * waited for as long as it wants to, leaves the queue and is never written. The head is never one that has left.
 */
export class WriteQueue {
  readonly #timers: Timers;
  readonly #aborts = new AbortWatch();
  readonly #writes = new Fifo<WaitingWrite>();
  #bytes = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  /** Keys and values that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  peek(): QueuedWrite | undefined {
    return this.#writes.peek();
  }

  /** The head got in, or was refused. */
  shift(): void {
    const write = this.#writes.shift();
    if (write === undefined) return;
    write.release();
    this.#bytes -= write.bytes;
    this.#dropGone();
  }

  /** `busyText` says why a write has to wait, for those that want to wait no longer. Errors: STEME_BUSY when too much waits. */
  push(write: Write, limits: WaitLimits | undefined, busyText: () => string): Promise<void> {
    const bytes = payloadBytes(write.operations);
    if (this.#bytes + bytes > PENDING_WRITE_BYTES_MAX) {
      const message = `${this.#bytes} bytes of writes wait for room; await earlier writes before making more`;
      return Promise.reject(new StemeError('STEME_BUSY', message));
    }
    const waiting = new WaitingWrite(write, bytes);
    this.#writes.push(waiting);
    this.#bytes += bytes;
    if (limits !== undefined) this.#watch(waiting, limits, busyText);
    return waiting.done.promise;
  }

  /** Resolves when every write that waits now has got in or left. */
  passed(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return this.push({ operations: [], wantsSync: false, precondition: undefined }, undefined, () => '');
  }

  rejectAll(error: StemeError): void {
    for (let next = this.#writes.peek(); next !== undefined; next = this.#writes.peek()) {
      this.shift();
      next.done.reject(error);
    }
  }

  #watch(write: WaitingWrite, { signal, maxDelayMs }: WaitLimits, busyText: () => string): void {
    const releases: (() => void)[] = [];
    if (signal !== undefined) {
      releases.push(this.#aborts.watch(signal, () => this.#remove(write, abortError(signal))));
    }
    if (maxDelayMs !== undefined) {
      const onLate = (): void => this.#remove(write, busyError(maxDelayMs, busyText()));
      releases.push(this.#timers.after(maxDelayMs, onLate));
    }
    write.release = () => {
      for (const release of releases) release();
    };
  }

  #remove(write: WaitingWrite, error: StemeError): void {
    write.release();
    write.isGone = true;
    this.#bytes -= write.bytes;
    write.bytes = 0;
    write.operations = [];
    this.#dropGone();
    write.done.reject(error);
  }

  #dropGone(): void {
    while (this.#writes.peek()?.isGone === true) this.#writes.shift();
  }
}

export function abortError(signal: AbortSignal): StemeError {
  const message = 'the call was aborted by its signal before anything was written';
  return new StemeError('STEME_ABORTED', message, { cause: signal.reason });
}

export function busyError(maxDelayMs: number, reason: string): StemeError {
  return new StemeError('STEME_BUSY', `the write did not get in within ${maxDelayMs} ms: ${reason}`);
}

export function payloadBytes(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const { key, value } of operations) bytes += key.length + value.length;
  return bytes;
}

/** In one piece of memory of `bytes`, which they take together. */
function copyOperations(operations: readonly Operation[], bytes: number): Operation[] {
  const memory = new Uint8Array(bytes);
  let at = 0;
  const copy = (source: Uint8Array): Uint8Array => {
    const start = at;
    at += source.length;
    memory.set(source, start);
    return memory.subarray(start, at);
  };
  return operations.map(({ kind, key, value }) => ({ kind, key: copy(key), value: copy(value) }));
}
