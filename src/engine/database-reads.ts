import type { BlobResolver } from '../base/blob-resolver.js';
import { copyToBuffer, EMPTY_BYTES } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import { KIND_DELETE, KIND_PUT_BLOB } from '../base/internal-key.js';
import { SEQUENCE_MAX } from '../base/limits.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_FOUND, LOOKUP_MISSING } from '../base/point-result.js';
import type { ReadView } from '../read/read-view.js';
import type { BytesLike, EntryIterator, IteratorOptions, ReadOptions } from './api.js';
import { DatabaseIterator } from './entry-iterator.js';
import type { OpenIterators } from './open-iterators.js';
import type { ReadClock } from './read-clock.js';
import { LOOK_AHEAD_KEYS_MAX } from './read-state.js';
import { checkScanOptions, type ScanOptions } from './scan-options.js';
import type { SnapshotRegistry } from './snapshots.js';
import type { TreeState } from './tree-state.js';
import { keyBytes } from './user-bytes.js';

const SYSTEM_SCAN = {
  isReverse: false,
  hasKeys: true,
  hasValues: true,
  limit: Number.POSITIVE_INFINITY,
  fillCache: true,
  signal: undefined,
} as const;

export interface DatabaseReadsParts {
  readonly state: TreeState;
  readonly iterators: OpenIterators;
  readonly snapshots: SnapshotRegistry;
  readonly readClock: ReadClock;
  readonly blobs: BlobResolver;
}

/** The reading half of a database. Whoever calls has checked that it is open. */
export class DatabaseReads {
  readonly #parts: DatabaseReadsParts;
  /** What a single read looks at: this very moment, of which the time is mostly not asked for. */
  readonly #present: ReadView;
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
    this.#present = new Present(parts.state, parts.readClock);
  }

  getSync(key: BytesLike, options?: ReadOptions): Buffer | undefined {
    return this.valueAt(keyBytes(key), this.#viewOf(options) ?? this.#present);
  }

  getMany(keys: readonly BytesLike[], options?: ReadOptions): (Buffer | undefined)[] {
    if (!Array.isArray(keys)) throw new StemeError('STEME_INVALID_KEY', 'getMany takes an array of keys');
    const checked = keys.map(keyBytes);
    const view = this.#viewOf(options) ?? this.#fixedPresent();
    const values = new Array<Buffer | undefined>(checked.length);
    for (let start = 0; start < checked.length; start += LOOK_AHEAD_KEYS_MAX) {
      const end = Math.min(start + LOOK_AHEAD_KEYS_MAX, checked.length);
      this.#parts.state.readState.lookAhead(checked, start, end);
      for (let i = start; i < end; i++) values[i] = this.valueAt(checked[i], view);
    }
    return values;
  }

  /** Neither copies the value nor reads a blob file. */
  hasSync(key: BytesLike, options?: ReadOptions): boolean {
    return this.#find(keyBytes(key), this.#viewOf(options) ?? this.#present);
  }

  iterator(options: IteratorOptions): EntryIterator {
    return this.iteratorAt(options, this.#viewOf(options) ?? this.#fixedPresent());
  }

  /** As of the last write that has a sequence, visible or not. */
  newestValue(key: Uint8Array): Buffer | undefined {
    return this.valueAt(key, { sequence: SEQUENCE_MAX, nowMs: this.#parts.readClock.nowMs() });
  }

  /** Of a key that was checked, at any moment that compactions keep. */
  valueAt(key: Uint8Array, view: ReadView): Buffer | undefined {
    if (!this.#find(key, view)) return undefined;
    const { source, start, end, kind } = this.#result;
    return kind === KIND_PUT_BLOB ? this.#parts.blobs.readSync(source, start, end) : copyToBuffer(source, start, end);
  }

  /** At any moment that compactions keep; `options.snapshot` is not looked at. */
  iteratorAt(options: IteratorOptions, view: ReadView): EntryIterator {
    return this.#open(checkScanOptions(options), view);
  }

  #open(checked: ScanOptions, view: ReadView): EntryIterator {
    const { state, iterators, blobs } = this.#parts;
    const entries = state.readState.scan(view, checked);
    const hold = iterators.open(state.readState, view, checked.signal);
    const iterator = new DatabaseIterator(entries, hold, blobs, checked);
    iterators.watchLoss(iterator, hold);
    return iterator;
  }

  /** Of a key of the engine itself, at this moment. */
  systemValue(key: Uint8Array): Buffer | undefined {
    return this.valueAt(key, this.#present);
  }

  /** Keys of the engine itself: from `start` up to, not including, `end`, as of this moment. */
  systemIterator(start: Uint8Array, end: Uint8Array): EntryIterator {
    const bounds = { lower: start, isLowerInclusive: true, upper: end, isUpperInclusive: false };
    return this.#open({ ...SYSTEM_SCAN, bounds }, this.#fixedPresent());
  }

  #find(key: Uint8Array, view: ReadView): boolean {
    const result = this.#result;
    this.#parts.state.readState.get(key, view, result);
    return result.state === LOOKUP_FOUND;
  }

  /** Undefined: no other moment than the present was asked for. */
  #viewOf(options: ReadOptions | undefined): ReadView | undefined {
    const snapshot = options?.snapshot;
    return snapshot === undefined ? undefined : this.#parts.snapshots.viewOf(snapshot);
  }

  #fixedPresent(): ReadView {
    return { sequence: this.#present.sequence, nowMs: this.#present.nowMs };
  }
}

class Present implements ReadView {
  readonly #state: TreeState;
  readonly #clock: ReadClock;

  constructor(state: TreeState, clock: ReadClock) {
    this.#state = state;
    this.#clock = clock;
  }

  get sequence(): number {
    return this.#state.visibleSequence;
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }
}
