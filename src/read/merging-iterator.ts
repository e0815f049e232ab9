/**
 * Many sorted sources as one. A tree of losers keeps the order: every inner node remembers the source that lost there,
 * so after the winner has moved, only the nodes between its leaf and the root are played again: log2(N) comparisons a
 * step. With `n` sources, source `i` is leaf `n + i`, the parent of a node is its half, and node 1 is the root.
 *
 *     n = 4:            1
 *                   2       3
 *                 4   5   6   7      leaves: sources 0 to 3
 *
 * Between two calls, walking forwards, every source but the winner stands at its first entry after the winner's, and
 * walking backwards at its last entry before it. A source may be a memtable that is written meanwhile, so entries can
 * turn up on the way between them; their sequences are too new for this reader, but the order must hold for them too.
 *
 * Sources are compared by a Number that holds six bytes of the key. Where keys share a long start those six would all be
 * the same, so they are taken behind the bytes that all sources' current keys share. Ties make that shared part longer, a
 * key without it makes it shorter; neither changes who has lost to whom.
 */
import { commonPrefixLength, compareRanges } from '../base/bytes.js';
import { EmptyIterator } from '../base/empty-iterator.js';
import { assert } from '../base/errors.js';
import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import { isEntryBefore, isEntryBeforeBehindPrefix, MergeSource } from './merge-source.js';
import { ScratchBytes } from './scratch-bytes.js';

/** Equal prefixes met before it is worth looking for a longer shared part. */
const TIES_MAX = 32;

/** The merge of `sources`, which it takes over; their order does not matter. One source is returned as it is. */
export function mergeIterators(sources: readonly InternalIterator[]): InternalIterator {
  if (sources.length === 0) return new EmptyIterator();
  return sources.length === 1 ? sources[0] : new MergingIterator(sources);
}

/** At least two sources, none moved by anybody else. After an error it is not valid until it is positioned again. */
export class MergingIterator implements InternalIterator {
  readonly #sources: readonly MergeSource[];
  /** Who lost at each inner node; index 0 is not used. */
  readonly #losers: MergeSource[];
  /** Who won at each node while the whole tree is played: scratch. */
  readonly #bracket: MergeSource[];
  #winner: MergeSource;
  #valid = false;
  #isReverse = false;
  /** Sorts behind every key in the direction of the walk. */
  #exhaustedPrefix = Number.POSITIVE_INFINITY;
  /** All sources that are not exhausted stand at keys that start with `#shared.bytes[0, #sharedBytes)`. */
  readonly #shared = new ScratchBytes();
  #sharedBytes = 0;
  #ties = 0;

  constructor(sources: readonly InternalIterator[]) {
    assert(sources.length >= 2, 'a merge has at least two sources');
    this.#sources = sources.map((iterator, leaf) => new MergeSource(iterator, leaf));
    this.#winner = this.#sources[0];
    this.#losers = this.#sources.map(() => this.#winner);
    this.#bracket = [...this.#sources, ...this.#sources];
  }

  get valid(): boolean {
    return this.#valid;
  }

  get keySource(): Uint8Array {
    return this.#winner.keySource;
  }

  get keyStart(): number {
    return this.#winner.keyStart;
  }

  get keyEnd(): number {
    return this.#winner.keyEnd;
  }

  get sequence(): number {
    return this.#winner.entry.sequence;
  }

  get kind(): number {
    return this.#winner.entry.kind;
  }

  get valueSource(): Uint8Array {
    return this.#winner.entry.valueSource;
  }

  get valueStart(): number {
    return this.#winner.entry.valueStart;
  }

  get valueEnd(): number {
    return this.#winner.entry.valueEnd;
  }

  get entry(): CurrentEntry {
    return this.#winner.entry;
  }

  /** Which source holds the current entry. */
  get winnerIndex(): number {
    return this.#winner.leaf;
  }

  /** Walking forwards: whether all other sources stand behind `key`. */
  isAloneUpTo(key: Uint8Array): boolean {
    for (const source of this.#sources) {
      if (source === this.#winner || source.isExhausted) continue;
      if (compareRanges(source.keySource, source.keyStart, source.keyEnd, key, 0, key.length) <= 0) return false;
    }
    return true;
  }

  seekToFirst(): void {
    this.#valid = false;
    for (const source of this.#sources) source.iterator.seekToFirst();
    this.#play(false);
  }

  seekToLast(): void {
    this.#valid = false;
    for (const source of this.#sources) source.iterator.seekToLast();
    this.#play(true);
  }

  seek(key: Uint8Array): void {
    this.#valid = false;
    for (const source of this.#sources) source.iterator.seek(key);
    this.#play(false);
  }

  seekBefore(key: Uint8Array): void {
    this.#valid = false;
    for (const source of this.#sources) source.iterator.seekBefore(key);
    this.#play(true);
  }

  next(): void {
    assert(this.#valid, 'only a valid iterator is moved');
    // An error below must not leave an entry that looks current.
    this.#valid = false;
    const winner = this.#winner;
    if (this.#isReverse) this.#turnForward(winner);
    winner.iterator.next();
    if (this.#isReverse) this.#play(false);
    else this.#replay(winner);
  }

  prev(): void {
    assert(this.#valid, 'only a valid iterator is moved');
    this.#valid = false;
    const winner = this.#winner;
    if (!this.#isReverse) this.#turnBackward(winner);
    winner.iterator.prev();
    if (this.#isReverse) this.#replay(winner);
    else this.#play(true);
  }

  /** Moves every source but the winner from before the winner's entry to after it. */
  #turnForward(winner: MergeSource): void {
    for (const source of this.#sources) {
      if (source === winner) continue;
      const { iterator } = source;
      if (iterator.valid) iterator.next();
      else iterator.seekToFirst();
      source.load();
      // More than one step only over entries written meanwhile.
      while (!source.isExhausted && isEntryBefore(source, winner, 0)) {
        iterator.next();
        source.load();
      }
    }
  }

  /** Moves every source but the winner from after the winner's entry to before it. */
  #turnBackward(winner: MergeSource): void {
    for (const source of this.#sources) {
      if (source === winner) continue;
      const { iterator } = source;
      if (iterator.valid) iterator.prev();
      else iterator.seekToLast();
      source.load();
      while (!source.isExhausted && isEntryBefore(winner, source, 0)) {
        iterator.prev();
        source.load();
      }
    }
  }

  /** Plays the whole tree, after all sources were positioned. */
  #play(isReverse: boolean): void {
    this.#isReverse = isReverse;
    this.#exhaustedPrefix = isReverse ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (const source of this.#sources) source.load();
    this.#sharedBytes = 0;
    this.#setPrefixes();
    const count = this.#sources.length;
    const bracket = this.#bracket;
    for (let i = 0; i < count; i++) bracket[count + i] = this.#sources[i];
    for (let node = count - 1; node > 0; node--) {
      const left = bracket[2 * node];
      const right = bracket[2 * node + 1];
      const isRight = this.#beats(right, left);
      bracket[node] = isRight ? right : left;
      this.#losers[node] = isRight ? left : right;
    }
    this.#crown(bracket[1]);
  }

  /** Plays the nodes from the leaf of `moved`, the last winner, up to the root. */
  #replay(moved: MergeSource): void {
    const losers = this.#losers;
    this.#reload(moved);
    let winner = moved;
    for (let node = (losers.length + moved.leaf) >> 1; node > 0; node >>= 1) {
      const rival = losers[node];
      if (this.#beats(rival, winner)) {
        losers[node] = winner;
        winner = rival;
      }
    }
    this.#crown(winner);
    if (this.#ties >= TIES_MAX) this.#lengthenShared();
  }

  #crown(winner: MergeSource): void {
    this.#winner = winner;
    this.#valid = !winner.isExhausted;
  }

  /** Whether `a` comes before `b` in the direction of the walk. */
  #beats(a: MergeSource, b: MergeSource): boolean {
    if (a.prefix !== b.prefix) return this.#isReverse ? a.prefix > b.prefix : a.prefix < b.prefix;
    if (a.isExhausted) return false;
    this.#ties++;
    return isEntryBeforeBehindPrefix(a, b, this.#sharedBytes) !== this.#isReverse;
  }

  #reload(source: MergeSource): void {
    source.load();
    if (source.isExhausted) {
      source.prefix = this.#exhaustedPrefix;
      return;
    }
    if (!source.startsWith(this.#shared.bytes, this.#sharedBytes)) this.#shortenShared(source);
    source.setPrefix(this.#sharedBytes);
  }

  #setPrefixes(): void {
    this.#ties = 0;
    for (const source of this.#sources) {
      if (source.isExhausted) source.prefix = this.#exhaustedPrefix;
      else source.setPrefix(this.#sharedBytes);
    }
  }

  #shortenShared(source: MergeSource): void {
    this.#sharedBytes = this.#bytesSharedBy(source, this.#sharedBytes);
    this.#setPrefixes();
  }

  #lengthenShared(): void {
    const { keySource, keyStart, keyEnd } = this.#winner;
    this.#shared.copyFrom(keySource, keyStart, keyEnd);
    let sharedBytes = keyEnd - keyStart;
    for (const source of this.#sources) {
      if (!source.isExhausted) sharedBytes = this.#bytesSharedBy(source, sharedBytes);
    }
    this.#sharedBytes = sharedBytes;
    this.#setPrefixes();
  }

  #bytesSharedBy({ keySource, keyStart, keyEnd }: MergeSource, bytesMax: number): number {
    return commonPrefixLength(keySource, keyStart, keyEnd, this.#shared.bytes, 0, bytesMax);
  }
}
