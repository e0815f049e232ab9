import { assert } from '../base/errors.js';
import type { ArenaPool } from '../memtable/arena-pool.js';
import type { RowCache } from '../table/row-cache.js';
import type { TableCache } from '../table/table-cache.js';
import type { Version } from '../version/version.js';
import { MemtableSlot } from './memtable-slot.js';
import { ReadState } from './read-state.js';

/** The next memtable is prepared once the active one is filled to one part in so many. */
const PREPARED_SHARE = 4;

/**
 * The shape of the tree now: one memtable that takes writes, sealed ones that wait for their flush, and the version below.
 * Every change swaps the read state whole. `visibleSequence` moves on its own: it is the one thing that a commit changes.
 */
export class TreeState {
  readonly #arenas: ArenaPool;
  readonly #tables: TableCache;
  readonly rows: RowCache;
  readonly #onVersionUnused: () => void;
  #active: MemtableSlot;
  /** Oldest first. */
  #sealed: readonly MemtableSlot[] = [];
  #version: Version;
  #readState: ReadState;
  /** Readers see nothing newer (law 2). */
  visibleSequence: number;

  constructor(fields: {
    arenas: ArenaPool;
    tables: TableCache;
    rows: RowCache;
    version: Version;
    visibleSequence: number;
    onVersionUnused: () => void;
  }) {
    this.#arenas = fields.arenas;
    this.#tables = fields.tables;
    this.rows = fields.rows;
    this.#version = fields.version;
    this.#onVersionUnused = fields.onVersionUnused;
    this.visibleSequence = fields.visibleSequence;
    this.#active = this.createSlot(0);
    this.#readState = this.#createReadState();
  }

  get active(): MemtableSlot {
    return this.#active;
  }

  get sealed(): readonly MemtableSlot[] {
    return this.#sealed;
  }

  get version(): Version {
    return this.#version;
  }

  get readState(): ReadState {
    return this.#readState;
  }

  /** An empty memtable of at least `minimumBytes`, to become the active one: for `seal`, `replaceEmptyActive` and `rewind`. */
  createSlot(minimumBytes: number): MemtableSlot {
    return new MemtableSlot(this.#arenas.acquire(minimumBytes));
  }

  /** A new version into the active memtable, whose caller has asked for room there; no row of the key is good for who sees it. */
  insert(sequence: number, kind: number, key: Uint8Array, value: Uint8Array): void {
    this.#active.memtable.insert(sequence, kind, key, 0, key.length, value, 0, value.length);
    this.rows.noteWrite(sequence, kind, key);
  }

  /** Records have come to the active memtable: from a quarter of it on, the memory of the next is made ready. */
  noteFilling(): void {
    const { memtable, arena } = this.#active;
    if (memtable.usedBytes * PREPARED_SHARE >= arena.limitBytes) this.#arenas.prepare();
  }

  /** Seals the active memtable and puts `next` in its place. Returns the sealed one. */
  seal(next: MemtableSlot, nextSegment: Promise<number>): MemtableSlot {
    const slot = this.#active;
    slot.nextSegment = nextSegment;
    // Whoever flushes it sees the failure; until then it must not end the process.
    nextSegment.catch(() => undefined);
    this.#sealed = [...this.#sealed, slot];
    this.#active = next;
    this.#swap();
    return slot;
  }

  /** Puts `next` in the place of an active memtable that nothing was written to. */
  replaceEmptyActive(next: MemtableSlot): void {
    assert(this.#active.isEmpty, 'a memtable with records is sealed, not replaced');
    this.#active = next;
    this.#swap();
  }

  /** The oldest sealed memtable is in `version` now. */
  replaceOldestSealed(version: Version): void {
    this.#sealed = this.#sealed.slice(1);
    this.#version = version;
    this.#swap();
  }

  /** Of the sealed memtables only the oldest `sealedCount` stay; `active` takes the place of all others. */
  rewind(sealedCount: number, active: MemtableSlot): void {
    this.#sealed = this.#sealed.slice(0, sealedCount);
    this.#active = active;
    this.#swap();
  }

  replaceVersion(version: Version): void {
    this.#version = version;
    this.#swap();
  }

  /** Lets go of the last read state: the database is closing. */
  dispose(): void {
    this.#readState.release();
  }

  #createReadState(): ReadState {
    const memtables = [this.#active, ...this.#sealed.toReversed()];
    return new ReadState(memtables, this.#version, this.#tables, this.rows, (state) => this.#freeUnused(state));
  }

  /** The new state takes its references before the old one drops its own: what both share is never without one. */
  #swap(): void {
    const former = this.#readState;
    this.#readState = this.#createReadState();
    former.release();
  }

  #freeUnused(state: ReadState): void {
    for (const slot of state.memtables) if (slot.release()) this.#arenas.release(slot.arena);
    if (state.version.release()) this.#onVersionUnused();
  }
}
