import { Deferred } from '../base/deferred.js';
import type { Arena } from '../memtable/arena.js';
import { Memtable } from '../memtable/memtable.js';

/** A memtable in the engine: what is needed to flush it, to retire its log, and to know when its arena is free again. */
export class MemtableSlot {
  readonly memtable: Memtable;
  readonly arena: Arena;
  /**
   * Set when it is sealed: resolves once all its records are safe in the log, with the number of the first segment that holds
   * none of them.
   */
  nextSegment: Promise<number> | undefined;
  flushed = new Deferred<void>();
  #referenceCount = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.memtable = new Memtable(arena);
  }

  get isEmpty(): boolean {
    return this.memtable.entryCount === 0;
  }

  /** Whoever waited was told that it failed; those who wait from now on are told of the next attempt. */
  renewFlushed(): void {
    this.flushed = new Deferred<void>();
  }

  retain(): void {
    this.#referenceCount++;
  }

  /** Whether this was the last reader. */
  release(): boolean {
    this.#referenceCount--;
    return this.#referenceCount === 0;
  }
}
