import { copyToBuffer, EMPTY_BYTES } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import { KIND_DELETE } from '../base/internal-key.js';
import { SEQUENCE_MAX } from '../base/limits.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_FOUND, LOOKUP_MISSING } from '../base/point-result.js';
import type { ReadView } from '../read/read-view.js';
import type { BytesLike, EntryIterator, IteratorOptions } from './api.js';
import { DatabaseIterator } from './entry-iterator.js';
import type { OpenIterators } from './open-iterators.js';
import type { TreeState } from './tree-state.js';
import { keyBytes } from './user-bytes.js';

export interface DatabaseReadsParts {
  readonly state: TreeState;
  readonly iterators: OpenIterators;
}

/** The reading half of a database. Whoever calls has checked that it is open. */
export class DatabaseReads {
  readonly #parts: DatabaseReadsParts;
  readonly #result: PointResult = {
    state: LOOKUP_MISSING,
    source: EMPTY_BYTES,
    start: 0,
    end: 0,
    sequence: 0,
    kind: KIND_DELETE,
  };

  constructor(parts: DatabaseReadsParts) {
    this.#parts = parts;
  }

  getSync(key: BytesLike): Buffer | undefined {
    return this.#read(keyBytes(key));
  }

  getMany(keys: readonly BytesLike[]): (Buffer | undefined)[] {
    if (!Array.isArray(keys)) throw new StemeError('STEME_INVALID_KEY', 'getMany takes an array of keys');
    const checked = keys.map(keyBytes);
    // One turn of the event loop, so one moment: nothing can become visible in between.
    return checked.map((key) => this.#read(key));
  }

  iterator(options: IteratorOptions): EntryIterator {
    const { state, iterators } = this.#parts;
    const onClose = (closed: DatabaseIterator): void => iterators.delete(closed);
    const iterator = new DatabaseIterator(state.readState, state.visibleSequence, options, onClose);
    iterators.add(iterator);
    return iterator;
  }

  /** As of the last write that has a sequence, visible or not. */
  newestValue(key: Uint8Array): Buffer | undefined {
    return this.valueAt(key, { sequence: SEQUENCE_MAX, nowMs: 0 });
  }

  valueAt(key: Uint8Array, view: ReadView): Buffer | undefined {
    const { state } = this.#parts;
    const result = this.#result;
    state.readState.get(key, view.sequence, result);
    return result.state === LOOKUP_FOUND ? copyToBuffer(result.source, result.start, result.end) : undefined;
  }

  iteratorAt(options: IteratorOptions, view: ReadView): EntryIterator {
    const { state, iterators } = this.#parts;
    const onClose = (closed: DatabaseIterator): void => iterators.delete(closed);
    const iterator = new DatabaseIterator(state.readState, view.sequence, options, onClose);
    iterators.add(iterator);
    return iterator;
  }

  #read(key: Uint8Array): Buffer | undefined {
    const { state } = this.#parts;
    const result = this.#result;
    state.readState.get(key, state.visibleSequence, result);
    return result.state === LOOKUP_FOUND ? copyToBuffer(result.source, result.start, result.end) : undefined;
  }
}
