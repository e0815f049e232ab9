/**
 * What the user sees of all versions at one moment: of each user key the newest version that is not too new, unless it
 * is a delete, has expired, or a newer range delete covers it.
 *
 *     source (forwards)     a9 put, a4 put, b7 delete, b2 put, c3 put        sequence 5: a4, b2, c3
 *                                                                            sequence 9: a9, c3
 *     with [b, d) 6                                                          sequence 6: a4
 *
 * Forwards the newest version of a key comes first: it is exposed where it lies, and the older ones are stepped over.
 * Backwards the oldest comes first, and which one counts shows only when the next key is reached; so it is noted where each
 * candidate's value lies. Where a key has many versions the source is sent to the newest one instead, and the value exposed in
 * place. The key a walk backwards stands at is always a copy; forwards a copy is taken when the walk leaves it, to know its older
 * versions by.
 */
import { compareRanges, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import { KIND_DELETE, KIND_PUT } from '../base/internal-key.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind } from '../base/stored-value.js';
import type { Bounds } from './bounds.js';
import { earlierKey, laterKey, successorOf, toHalfOpen } from './bounds.js';
import type { CoverCursor } from './cover-cursor.js';
import type { ReadView } from './read-view.js';
import { ScratchBytes } from './scratch-bytes.js';
import { hasValue } from './visibility.js';

/** Versions of one key to step over before a seek is the shorter way. */
const VERSION_STEPS_MAX = 16;

/** Not positioned yet, or an error cut a move short: only positioning helps. */
const AT_NOTHING = 0;
const AT_ENTRY = 1;
const AT_END = 2;

/** One walk in one direction. `seek` may go either way. The ranges are good until the next call. */
export class VisibleIterator {
  readonly #source: InternalIterator;
  readonly #sequenceMax: number;
  readonly #nowMs: number;
  /** Left out: there are no range deletes. */
  readonly #cover: CoverCursor | undefined;
  readonly #start: Uint8Array;
  readonly #end: Uint8Array | undefined;
  readonly #isReverse: boolean;
  readonly #scratch = new ScratchBytes();
  /** A copy of the last key that was left, or is about to be: `#key[0, #keyBytes)`. */
  #key = EMPTY_BYTES;
  #keyBytes = 0;
  /** Where the source stands, at the entry shown, unless `#isLeft`. */
  #entry: CurrentEntry;
  /** Of the entry shown: the source has left it for the key before, its key is `#key` and its value is the one noted. */
  #isLeft = false;
  #valueSource = EMPTY_BYTES;
  #valueStart = 0;
  #valueEnd = 0;
  #kind: number = KIND_PUT;
  /** Bytes before the value proper. */
  #headBytes = 0;
  #state: typeof AT_NOTHING | typeof AT_ENTRY | typeof AT_END = AT_NOTHING;

  /** Takes over `source` and `cover`, the range deletes of its sources; nobody else may move them. */
  constructor(source: InternalIterator, view: ReadView, bounds: Bounds, isReverse: boolean, cover?: CoverCursor) {
    const { start, end } = toHalfOpen(bounds);
    this.#source = source;
    this.#entry = source;
    this.#sequenceMax = view.sequence;
    this.#nowMs = view.nowMs;
    this.#cover = cover;
    this.#start = start;
    this.#end = end;
    this.#isReverse = isReverse;
  }

  get valid(): boolean {
    return this.#state === AT_ENTRY;
  }

  get keySource(): Uint8Array {
    return this.#isLeft ? this.#key : this.#entry.keySource;
  }

  get keyStart(): number {
    return this.#isLeft ? 0 : this.#entry.keyStart;
  }

  get keyEnd(): number {
    return this.#isLeft ? this.#keyBytes : this.#entry.keyEnd;
  }

  get valueSource(): Uint8Array {
    return this.#isLeft ? this.#valueSource : this.#entry.valueSource;
  }

  get valueStart(): number {
    return this.#headBytes + (this.#isLeft ? this.#valueStart : this.#entry.valueStart);
  }

  get valueEnd(): number {
    return this.#isLeft ? this.#valueEnd : this.#entry.valueEnd;
  }

  /** The value is a reference to one in a blob file. */
  get isBlob(): boolean {
    return isBlobKind(this.#kind);
  }

  /** To the first entry of the direction; false if there is none. Errors: STEME_CORRUPTION, STEME_IO, STEME_UNSUPPORTED. */
  first(): boolean {
    return this.#isReverse ? this.#enterBackward(this.#end) : this.#enterForward(this.#start);
  }

  /** To the first entry at or after `key`, in reverse at or before it, within the bounds; false if there is none. Errors as `first`. */
  seek(key: Uint8Array): boolean {
    if (!this.#isReverse) return this.#enterForward(laterKey(key, this.#start));
    const end = successorOf(key);
    return this.#enterBackward(this.#end === undefined ? end : earlierKey(end, this.#end));
  }

  /**
   * To the next entry of the direction; false at the end, and again when asked again there. `copy` is the current key, from a
   * caller who has copied it anyway, and stays as it is during the call. Errors as `first`.
   */
  advance(copy?: Uint8Array): boolean {
    if (this.#state === AT_END) return false;
    assert(this.#state === AT_ENTRY, 'an iterator is positioned before it advances');
    this.#state = AT_NOTHING;
    if (!this.#isReverse) {
      this.#takeKey(copy);
      this.#leaveKeyForward();
      return this.#settleForward();
    }
    if (!this.#isLeft) this.#source.seekBefore(this.#keyView());
    return this.#settleBackward();
  }

  #enterForward(start: Uint8Array): boolean {
    this.#state = AT_NOTHING;
    this.#source.seek(start);
    return this.#settleForward();
  }

  #enterBackward(end: Uint8Array | undefined): boolean {
    this.#state = AT_NOTHING;
    if (end === undefined) this.#source.seekToLast();
    else this.#source.seekBefore(end);
    return this.#settleBackward();
  }

  /** From the newest version of a key that is still to be judged to the first entry to show. */
  #settleForward(): boolean {
    const source = this.#source;
    while (source.valid) {
      const { entry } = source;
      this.#entry = entry;
      if (this.#isPastEnd(entry)) break;
      const { sequence } = entry;
      if (sequence > this.#sequenceMax) {
        source.next();
        continue;
      }
      if (this.#isShownInPlace(entry, sequence)) return this.#arrive(false);
      this.#takeKey(undefined);
      this.#leaveKeyForward();
    }
    return this.#arriveAtEnd();
  }

  /** From any version of the key taken to the newest of the next one. */
  #leaveKeyForward(): void {
    const source = this.#source;
    for (let steps = 0; steps < VERSION_STEPS_MAX; steps++) {
      source.next();
      if (!source.valid || !this.#isAtKey(source.entry)) return;
    }
    source.seek(successorOf(this.#keyView()));
  }

  /** From the oldest version of a key that is still to be judged to the first entry to show. */
  #settleBackward(): boolean {
    const source = this.#source;
    while (source.valid) {
      this.#entry = source.entry;
      if (this.#isBeforeStart(this.#entry)) break;
      this.#takeKey(undefined);
      if (this.#readKeyBackward()) return true;
    }
    return this.#arriveAtEnd();
  }

  /** From the oldest version of the key taken: shows its visible version if it has one, else stands at the key before. */
  #readKeyBackward(): boolean {
    const source = this.#source;
    let sequence = Number.POSITIVE_INFINITY;
    let kind: number = KIND_DELETE;
    for (let steps = 0; source.valid; steps++) {
      const { entry } = source;
      if (!this.#isAtKey(entry)) break;
      const entrySequence = entry.sequence;
      if (entrySequence > this.#sequenceMax) {
        this.#leaveKeyBackward();
        break;
      }
      if (steps === VERSION_STEPS_MAX) return this.#readKeyInPlace();
      sequence = entrySequence;
      kind = entry.kind;
      this.#valueSource = entry.valueSource;
      this.#valueStart = entry.valueStart;
      this.#valueEnd = entry.valueEnd;
      source.prev();
    }
    // Judged only now: what a newer version shadows is no more looked at than it is forwards.
    if (sequence > this.#sequenceMax) return false;
    if (this.#isCovered(this.#key, 0, this.#keyBytes, sequence)) return false;
    return this.#isShown(kind, this.#valueSource, this.#valueStart, this.#valueEnd) && this.#arrive(true);
  }

  /** The same by way of the newest version, without a copy. */
  #readKeyInPlace(): boolean {
    const source = this.#source;
    const key = this.#keyView();
    source.seek(key);
    while (source.sequence > this.#sequenceMax) source.next();
    this.#entry = source.entry;
    assert(this.#isAtKey(this.#entry), 'a version that was visible stays');
    if (this.#isShownInPlace(this.#entry, this.#entry.sequence)) return this.#arrive(false);
    source.seekBefore(key);
    return false;
  }

  /** From any version of the key taken to the oldest of the key before. */
  #leaveKeyBackward(): void {
    const source = this.#source;
    for (let steps = 0; steps < VERSION_STEPS_MAX; steps++) {
      source.prev();
      if (!source.valid || !this.#isAtKey(source.entry)) return;
    }
    source.seekBefore(this.#keyView());
  }

  /** Of the version where the source stands. */
  #isShownInPlace(entry: CurrentEntry, sequence: number): boolean {
    const { kind } = entry;
    // Most versions: nothing more to ask, and no need to look at the value.
    if (kind === KIND_PUT && this.#cover === undefined) {
      this.#kind = KIND_PUT;
      this.#headBytes = 0;
      return true;
    }
    if (this.#isCovered(entry.keySource, entry.keyStart, entry.keyEnd, sequence)) return false;
    return this.#isShown(kind, entry.valueSource, entry.valueStart, entry.valueEnd);
  }

  /** Whether a newer range delete covers the version at `sequence` of a key. */
  #isCovered(keySource: Uint8Array, keyStart: number, keyEnd: number, sequence: number): boolean {
    const cover = this.#cover;
    return cover !== undefined && cover.sequenceOver(keySource, keyStart, keyEnd) > sequence;
  }

  /** Whether the version to see of a key has a value: not a delete, not expired. */
  #isShown(kind: number, stored: Uint8Array, storedStart: number, storedEnd: number): boolean {
    if (!hasValue(kind, stored, storedStart, storedEnd, this.#nowMs)) return false;
    this.#kind = kind;
    this.#headBytes = isExpiringKind(kind) ? EXPIRY_BYTES : 0;
    return true;
  }

  /** Notes the key where the source stands: `copy`, if there is one. */
  #takeKey(copy: Uint8Array | undefined): void {
    if (copy !== undefined) {
      this.#key = copy;
      this.#keyBytes = copy.length;
      return;
    }
    const { keySource, keyStart, keyEnd } = this.#entry;
    this.#scratch.copyFrom(keySource, keyStart, keyEnd);
    this.#key = this.#scratch.bytes;
    this.#keyBytes = keyEnd - keyStart;
  }

  /** The key taken, good until the next one. */
  #keyView(): Uint8Array {
    return this.#key.subarray(0, this.#keyBytes);
  }

  /** Whether the entry is a version of the key taken. */
  #isAtKey(entry: CurrentEntry): boolean {
    const length = this.#keyBytes;
    const { keyStart } = entry;
    if (entry.keyEnd - keyStart !== length) return false;
    const { keySource } = entry;
    const key = this.#key;
    // From the back: neighbours in sorted order differ there first.
    for (let i = length - 1; i >= 0; i--) {
      if (keySource[keyStart + i] !== key[i]) return false;
    }
    return true;
  }

  #isPastEnd(entry: CurrentEntry): boolean {
    const end = this.#end;
    if (end === undefined) return false;
    return compareRanges(entry.keySource, entry.keyStart, entry.keyEnd, end, 0, end.length) >= 0;
  }

  #isBeforeStart(entry: CurrentEntry): boolean {
    const start = this.#start;
    return compareRanges(entry.keySource, entry.keyStart, entry.keyEnd, start, 0, start.length) < 0;
  }

  #arrive(isLeft: boolean): boolean {
    this.#isLeft = isLeft;
    this.#state = AT_ENTRY;
    return true;
  }

  #arriveAtEnd(): boolean {
    this.#state = AT_END;
    return false;
  }
}
