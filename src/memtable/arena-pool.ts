import { assert } from '../base/errors.js';
import { ARENA_HEADER_BYTES, Arena } from './arena.js';

/**
 * Arenas that outlive their memtables. A memtable lives for seconds, its memory should not:
 *
 * - Fresh pages cost a page fault each at the first touch, inside some put: a hundred times what a second write costs.
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

  /** Arenas of `standardBytes`, of which at most `idleMax` wait for their next use. */
  constructor(standardBytes: number, idleMax: number) {
    assert(standardBytes >= ARENA_HEADER_BYTES, 'a standard arena holds at least its header');
    this.#standardBytes = standardBytes;
    this.#idleMax = idleMax;
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
    return arena;
  }

  /** Takes back an arena that no reader in any thread looks at any more. */
  release(arena: Arena): void {
    assert(this.#lent.delete(arena), 'an arena is released once, to the pool it came from');
    if (arena.limitBytes === this.#standardBytes && this.#idle.length < this.#idleMax) this.#idle.push(arena);
  }

  #acquireStandard(): Arena {
    const arena = this.#idle.pop();
    if (arena === undefined) return Arena.create(this.#standardBytes);
    arena.reset();
    return arena;
  }
}
