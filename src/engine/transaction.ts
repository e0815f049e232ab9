import { StemeError } from '../base/errors.js';
import { toHalfOpen } from '../read/bounds.js';
import type { ReadView } from '../read/read-view.js';
import type { BytesLike, EntryIterator, IteratorOptions, Transaction } from './api.js';
import { checkWriteOptions, deleteOperation, putOperation, rangeDeleteOperation } from './check-writes.js';
import { ReadSet } from './read-set.js';
import { checkScanOptions } from './scan-options.js';
import { TransactionIterator } from './transaction-iterator.js';
import { keyBytes } from './user-bytes.js';
import { valueOfWrite, WriteSet } from './write-set.js';

/** Reads of a moment of its own choice. */
export interface MomentReads {
  valueAt(key: Uint8Array, view: ReadView): Buffer | undefined;
  iteratorAt(options: IteratorOptions, view: ReadView): EntryIterator;
}

export interface TransactionParts {
  readonly view: ReadView;
  readonly reads: MomentReads;
  /** When what is put with these options expires. */
  readonly expiresAtMs: (options: { readonly ttlMs?: number } | undefined) => number | undefined;
}

/** One run of a transaction's callback: what it sees, and a note of all that it has read and written. */
export class DatabaseTransaction implements Transaction {
  readonly readSet = new ReadSet();
  readonly writeSet = new WriteSet();
  readonly #parts: TransactionParts;
  readonly #iterators = new Set<TransactionIterator>();
  #endReason: string | undefined;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  get(key: BytesLike): Promise<Buffer | undefined> {
    try {
      return Promise.resolve(this.getSync(key));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getSync(key: BytesLike): Buffer | undefined {
    this.#assertOpen();
    const bytes = keyBytes(key);
    const own = this.writeSet.find(bytes);
    if (own !== undefined) return valueOfWrite(own);
    if (this.writeSet.isInDeletedRange(bytes)) return undefined;
    this.readSet.addKey(bytes);
    return this.#parts.reads.valueAt(bytes, this.#parts.view);
  }

  async getMany(keys: readonly BytesLike[]): Promise<(Buffer | undefined)[]> {
    if (!Array.isArray(keys)) throw new StemeError('STEME_INVALID_KEY', 'getMany takes an array of keys');
    return keys.map((key) => this.getSync(key));
  }

  async has(key: BytesLike): Promise<boolean> {
    return this.hasSync(key);
  }

  hasSync(key: BytesLike): boolean {
    return this.getSync(key) !== undefined;
  }

  iterator(options: IteratorOptions = {}): EntryIterator {
    this.#assertOpen();
    const { bounds, isReverse, limit, hasKeys, hasValues } = checkScanOptions(options);
    const iterator = new TransactionIterator({
      stored: this.#parts.reads.iteratorAt({ ...options, keys: true, limit: -1 }, this.#parts.view),
      writes: this.writeSet.view(),
      range: toHalfOpen(bounds),
      isReverse,
      limit,
      hasKeys,
      hasValues,
      assertOpen: () => this.#assertOpen(),
      onScan: (coverage) => this.readSet.addRange(coverage),
      onClose: (closed) => this.#iterators.delete(closed),
    });
    this.#iterators.add(iterator);
    return iterator;
  }

  put(key: BytesLike, value: BytesLike, options?: { readonly ttlMs?: number }): void {
    this.#assertOpen();
    checkWriteOptions(options, true);
    this.writeSet.add(putOperation(key, value, this.#parts.expiresAtMs(options)));
  }

  del(key: BytesLike): void {
    this.#assertOpen();
    this.writeSet.add(deleteOperation(key));
  }

  deleteRange(gte: BytesLike, lt: BytesLike): void {
    this.#assertOpen();
    const operation = rangeDeleteOperation(gte, lt);
    if (operation !== undefined) this.writeSet.deleteRange(operation);
  }

  /** From now on every use throws STEME_TRANSACTION_CLOSED, for this reason. */
  end(reason: string): void {
    this.#endReason ??= reason;
    for (const iterator of [...this.#iterators]) void iterator.close();
  }

  #assertOpen(): void {
    if (this.#endReason !== undefined) throw new StemeError('STEME_TRANSACTION_CLOSED', this.#endReason);
  }
}
