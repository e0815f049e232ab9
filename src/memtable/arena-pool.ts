import { assert } from '../base/errors.js';
import { MIB } from '../base/limits.js';
import { ARENA_HEADER_BYTES, Arena } from './arena.js';

/** Has the kernel give pages to memory that nobody uses yet; its content is garbage afterwards. */
export type TouchMemory = (memory: ArrayBufferLike) => Promise<void>;

/** Smaller ones are not worth a call. */
const TOUCHED_BYTES_MIN = 4 * MIB;

/**
 * Arenas that outlive their memtables. A memtable lives for seconds, its memory should not:
 *
 * - Fresh pages cost a page fault each at the first touch, inside some put: a hundred times what a second write costs. So the
 *   arena for the next memtable gets its pages in the background, while the one before it fills.
 * - Shared WebAssembly memory has no free. It goes when the garbage collector finds out, which counts the small
 *   JavaScript object and not the memory behind it, and each one reserves gigabytes of address space meanwhile. So a
 *   rotation that made a new arena every time would be bounded by nothing (law 8).
 *
 * Arenas of the standard size go round; one made larger for a single huge batch is dropped after use.
 */
export class ArenaPool {
  readonly #standardBytes: number;
  readonly #idleMax: number;
  readonly #idle: Arena[] = [];
  readonly #lent = new WeakSet<Arena>();
  #lentCount = 0;
  /** Left out: pages come with the first store. */
  #touch: TouchMemory | undefined;
  #isPreparing = false;

  /** Arenas of `standardBytes`, of which at most `idleMax` wait for their next use. */
  constructor(standardBytes: number, idleMax: number, touch?: TouchMemory) {
    assert(standardBytes >= ARENA_HEADER_BYTES, 'a standard arena holds at least its header');
    this.#standardBytes = standardBytes;
    this.#idleMax = idleMax;
    if (standardBytes >= TOUCHED_BYTES_MIN) this.#touch = touch;
  }

  /** Arenas that wait for their next use. */
  get idleCount(): number {
    return this.#idle.length;
  }

  /** An empty arena with room for `minimumBytes`: a standard one if that is enough, else one as large as it takes. */
  acquire(minimumBytes: number): Arena {
    const wantedBytes = minimumBytes + ARENA_HEADER_BYTES;
    const arena = wantedBytes <= this.#standardBytes ? this.#acquireStandard() : Arena.create(wantedBytes);
    this.#lent.add(arena);
    this.#lentCount++;
    return arena;
  }

  /** An arena will be needed soon: has one ready whose pages are there, unless one waits or as many as there may be are lent. */
  prepare(): void {
    const touch = this.#touch;
    if (touch === undefined || this.#isPreparing || this.#idle.length > 0 || this.#lentCount > this.#idleMax) return;
    const arena = Arena.create(this.#standardBytes);
    this.#isPreparing = true;
    // Nobody has the arena yet, and nobody gets it before the last of its pages is there: that writes zeros.
    touch(arena.memory).then(
      () => this.#endPreparing(arena),
      // The arena is as good as any other. Where it has failed once, it is not tried again.
      () => {
        this.#touch = undefined;
        this.#endPreparing(arena);
      },
    );
  }

  /** Takes back an arena that no reader in any thread looks at any more. */
  release(arena: Arena): void {
    assert(this.#lent.delete(arena), 'an arena is released once, to the pool it came from');
    this.#lentCount--;
    if (arena.limitBytes === this.#standardBytes) this.#keep(arena);
  }

  #endPreparing(arena: Arena): void {
    this.#isPreparing = false;
    this.#keep(arena);
  }

  #keep(arena: Arena): void {
    if (this.#idle.length < this.#idleMax) this.#idle.push(arena);
  }

  #acquireStandard(): Arena {
    const arena = this.#idle.pop();
    if (arena === undefined) return Arena.create(this.#standardBytes);
    arena.reset();
    return arena;
  }
}
