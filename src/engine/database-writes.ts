import { compareBytes, EMPTY_BYTES } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING } from '../base/internal-key.js';
import { storedValue } from '../base/stored-value.js';
import type { BatchOperation, BytesLike, WriteOptions } from './api.js';
import type { Expiry } from './check-writes.js';
import { checkBatch, checkWriteOptions, deleteOperation, putOperation, rangeDeleteOperation } from './check-writes.js';
import type { CommitPipeline } from './commit-pipeline.js';
import type { ReadClock } from './read-clock.js';
import { keyBytes, valueBytes } from './user-bytes.js';
import type { Operation } from './write-queue.js';

export interface DatabaseWritesParts {
  readonly pipeline: CommitPipeline;
  readonly readClock: ReadClock;
  /** Of puts without one of their own; 0: they never expire. */
  readonly ttlMs: number;
  /** The newest value of a key, those included that readers cannot see yet. */
  readonly newestValue: (key: Uint8Array) => Uint8Array | undefined;
}

/** The writing half of a database: checks what the user hands in, before anything is written (law 10). Whoever calls has checked that it may be written. */
export class DatabaseWrites {
  readonly #pipeline: CommitPipeline;
  readonly #readClock: ReadClock;
  readonly #ttlMs: number;
  readonly #newestValue: (key: Uint8Array) => Uint8Array | undefined;

  constructor(parts: DatabaseWritesParts) {
    this.#pipeline = parts.pipeline;
    this.#readClock = parts.readClock;
    this.#ttlMs = parts.ttlMs;
    this.#newestValue = parts.newestValue;
  }

  put(key: BytesLike, value: BytesLike, options: WriteOptions | undefined): Promise<void> {
    checkWriteOptions(options, true);
    const ttlMs = options?.ttlMs ?? this.#ttlMs;
    const checkedKey = keyBytes(key);
    const checkedValue = valueBytes(value);
    if (ttlMs === 0) return this.#pipeline.writeOne(KIND_PUT, checkedKey, checkedValue, wantsSync(options), options);
    const stored = storedValue(this.#readClock.nowMs() + ttlMs, checkedValue);
    return this.#pipeline.writeOne(KIND_PUT_EXPIRING, checkedKey, stored, wantsSync(options), options);
  }

  del(key: BytesLike, options: WriteOptions | undefined): Promise<void> {
    checkWriteOptions(options, false);
    return this.#pipeline.writeOne(KIND_DELETE, keyBytes(key), EMPTY_BYTES, wantsSync(options), options);
  }

  deleteRange(gte: BytesLike, lt: BytesLike, options: WriteOptions | undefined): Promise<void> {
    checkWriteOptions(options, false);
    const operation = rangeDeleteOperation(gte, lt);
    if (operation === undefined) return Promise.resolve();
    const { kind, key, value } = operation;
    return this.#pipeline.writeOne(kind, key, value, wantsSync(options), options);
  }

  batch(operations: readonly BatchOperation[], options: WriteOptions | undefined): Promise<void> {
    checkWriteOptions(options, true);
    const checked = checkBatch(operations, this.expiry(options));
    if (checked.length === 0) return Promise.resolve();
    return this.#pipeline.write(checked, wantsSync(options), options);
  }

  /** Operations of a batch without options, for who writes them with others. Errors: as of `batch`. */
  checked(operations: readonly BatchOperation[]): Operation[] {
    return checkBatch(operations, this.expiry(undefined));
  }

  async putIfAbsent(key: BytesLike, value: BytesLike, options: WriteOptions | undefined): Promise<boolean> {
    checkWriteOptions(options, true);
    const operation = putOperation(key, value, this.expiry(options).expiresAtMs);
    return this.#writeIf(operation, undefined, options);
  }

  async compareAndSet(
    key: BytesLike,
    expected: BytesLike | undefined,
    value: BytesLike | undefined,
    options: WriteOptions | undefined,
  ): Promise<boolean> {
    checkWriteOptions(options, value !== undefined);
    // The caller may reuse its memory while the write waits.
    const expectedBytes = expected === undefined ? undefined : Uint8Array.from(valueBytes(expected));
    const operation =
      value === undefined ? deleteOperation(key) : putOperation(key, value, this.expiry(options).expiresAtMs);
    return this.#writeIf(operation, expectedBytes, options);
  }

  /** When puts with these options expire. */
  expiry(options: WriteOptions | undefined): Expiry {
    const nowMs = (): number => this.#readClock.nowMs();
    const ttlMs = options?.ttlMs ?? this.#ttlMs;
    return { expiresAtMs: ttlMs === 0 ? undefined : nowMs() + ttlMs, nowMs };
  }

  async #writeIf(
    operation: Operation,
    expected: Uint8Array | undefined,
    options: WriteOptions | undefined,
  ): Promise<boolean> {
    let isMet = false;
    const key = Uint8Array.from(operation.key);
    const precondition = (): void => {
      isMet = areEqual(this.#newestValue(key), expected);
      if (!isMet) throw new StemeError('STEME_CONFLICT', 'the value is not the expected one');
    };
    try {
      await this.#pipeline.write([operation], wantsSync(options), options, precondition);
    } catch (error) {
      if (!(error instanceof StemeError && error.code === 'STEME_CONFLICT')) throw error;
      // What it was decided by may not be visible yet.
      await this.#pipeline.settled();
    }
    return isMet;
  }
}

export function wantsSync(options: { readonly sync?: boolean | undefined } | undefined): boolean {
  return options?.sync ?? true;
}

function areEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareBytes(a, b) === 0;
}
