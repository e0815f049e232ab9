import { assert } from '../base/errors.js';
import { allocateUnalignedMemory } from '../base/shared-memory.js';

/**
 * Memory that the memtable is built in: shared with every thread, handed out from the bottom up and never
 * moved or freed while in use. One thread allocates. Places are named by word index (4 bytes a word); 0 is no place.
 *
 *     word 0   always 0, so that no place has index 0, and nothing is linked from there
 *     word 1   root slot of the tree
 *     word 2   the newest range delete, head of their list
 *     word 3 … allocated
 */
export const ROOT_SLOT = 1;
export const RANGE_DELETE_SLOT = 2;
const FIRST_FREE_WORD = 3;

export const WORD_BYTES = 4;

/** What an empty arena has used already. */
export const ARENA_HEADER_BYTES = FIRST_FREE_WORD * WORD_BYTES;

export class Arena {
  readonly words: Int32Array<ArrayBufferLike>;
  readonly halves: Uint16Array<ArrayBufferLike>;
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly memory: ArrayBufferLike;
  readonly limitBytes: number;
  #nextWord = FIRST_FREE_WORD;

  /** `memory` must hold `limitBytes`; its content is garbage until `reset`. */
  constructor(memory: ArrayBufferLike, limitBytes: number) {
    assert(memory.byteLength >= limitBytes, 'an arena lies within its memory');
    this.memory = memory;
    this.limitBytes = limitBytes;
    this.words = new Int32Array(memory);
    this.halves = new Uint16Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** An empty arena in memory of its own. */
  static create(limitBytes: number): Arena {
    const arena = new Arena(allocateUnalignedMemory(limitBytes), limitBytes);
    arena.reset();
    return arena;
  }

  /** Empties the arena for a new life. No reader of the old one may be left. */
  reset(): void {
    this.#nextWord = FIRST_FREE_WORD;
    this.words[0] = 0;
    Atomics.store(this.words, ROOT_SLOT, 0);
    Atomics.store(this.words, RANGE_DELETE_SLOT, 0);
  }

  /** Goes on with an arena that another thread has filled up to here, and lets go of. */
  takeOver(usedBytes: number): void {
    assert(usedBytes % WORD_BYTES === 0 && usedBytes <= this.limitBytes, 'an arena is used up to a word within it');
    this.#nextWord = usedBytes / WORD_BYTES;
  }

  get usedBytes(): number {
    return this.#nextWord * WORD_BYTES;
  }

  hasRoom(bytes: number): boolean {
    return this.usedBytes + bytes <= this.limitBytes;
  }

  /** Index of `words` uninitialised words. The caller has asked `hasRoom`. */
  allocate(words: number): number {
    const place = this.#nextWord;
    this.#nextWord = place + words;
    return place;
  }

  /** Like `allocate`, at an odd index: what stands behind a header of an odd number of words is then aligned to eight bytes. */
  allocateOdd(words: number): number {
    const place = this.#nextWord | 1;
    this.#nextWord = place + words;
    return place;
  }

  /** Like `allocate`, at an index that is a multiple of `alignmentWords`. */
  allocateAligned(words: number, alignmentWords: number): number {
    const place = Math.ceil(this.#nextWord / alignmentWords) * alignmentWords;
    this.#nextWord = place + words;
    return place;
  }
}
