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
 * place. The current user key is always a copy.
 */
import { compareRanges, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import type { InternalIterator } from '../base/internal-iterator.js';
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
  readonly #key = new ScratchBytes();
  /** Of the entry: the source has left it for the key before, and its value is the one noted. Else the source stands at it. */
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
    return this.#key.bytes;
  }

  get keyStart(): number {
    return 0;
  }

  get keyEnd(): number {
    return this.#key.length;
  }

  get valueSource(): Uint8Array {
    return this.#isLeft ? this.#valueSource : this.#source.valueSource;
  }

  get valueStart(): number {
    return this.#headBytes + (this.#isLeft ? this.#valueStart : this.#source.valueStart);
  }

  get valueEnd(): number {
    return this.#isLeft ? this.#valueEnd : this.#source.valueEnd;
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

  /** To the next entry of the direction; false at the end, and again when asked again there. Errors as `first`. */
  advance(): boolean {
    if (this.#state === AT_END) return false;
    assert(this.#state === AT_ENTRY, 'an iterator is positioned before it advances');
    this.#state = AT_NOTHING;
    if (!this.#isReverse) {
      this.#leaveKeyForward();
      return this.#settleForward();
    }
    if (!this.#isLeft) this.#source.seekBefore(this.#key.view());
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
    while (source.valid && !this.#isPastEnd()) {
      const { sequence } = source;
      if (sequence > this.#sequenceMax) {
        source.next();
        continue;
      }
      this.#key.copyFrom(source.keySource, source.keyStart, source.keyEnd);
      if (this.#isShownInPlace(sequence)) return this.#arrive(false);
      this.#leaveKeyForward();
    }
    return this.#arriveAtEnd();
  }

  /** From any version of the current key to the newest of the next one. */
  #leaveKeyForward(): void {
    const source = this.#source;
    for (let steps = 0; steps < VERSION_STEPS_MAX; steps++) {
      source.next();
      if (!source.valid || !this.#isAtKey()) return;
    }
    source.seek(this.#key.successor());
  }

  /** From the oldest version of a key that is still to be judged to the first entry to show. */
  #settleBackward(): boolean {
    const source = this.#source;
    while (source.valid && !this.#isBeforeStart()) {
      this.#key.copyFrom(source.keySource, source.keyStart, source.keyEnd);
      if (this.#readKeyBackward()) return true;
    }
    return this.#arriveAtEnd();
  }

  /** From the oldest version of the current key: shows its visible version if it has one, else stands at the key before. */
  #readKeyBackward(): boolean {
    const source = this.#source;
    let sequence = Number.POSITIVE_INFINITY;
    let kind: number = KIND_DELETE;
    for (let steps = 0; source.valid && this.#isAtKey(); steps++) {
      if (source.sequence > this.#sequenceMax) {
        this.#leaveKeyBackward();
        break;
      }
      if (steps === VERSION_STEPS_MAX) return this.#readKeyInPlace();
      sequence = source.sequence;
      kind = source.kind;
      this.#valueSource = source.valueSource;
      this.#valueStart = source.valueStart;
      this.#valueEnd = source.valueEnd;
      source.prev();
    }
    // Judged only now: what a newer version shadows is no more looked at than it is forwards.
    if (sequence > this.#sequenceMax) return false;
    return this.#isShown(sequence, kind, this.#valueSource, this.#valueStart, this.#valueEnd) && this.#arrive(true);
  }

  /** The same by way of the newest version, without a copy. */
  #readKeyInPlace(): boolean {
    const source = this.#source;
    const key = this.#key.view();
    source.seek(key);
    while (source.sequence > this.#sequenceMax) source.next();
    assert(this.#isAtKey(), 'a version that was visible stays');
    if (this.#isShownInPlace(source.sequence)) return this.#arrive(false);
    source.seekBefore(key);
    return false;
  }

  /** From any version of the current key to the oldest of the key before. */
  #leaveKeyBackward(): void {
    const source = this.#source;
    for (let steps = 0; steps < VERSION_STEPS_MAX; steps++) {
      source.prev();
      if (!source.valid || !this.#isAtKey()) return;
    }
    source.seekBefore(this.#key.view());
  }

  /** Of the version where the source stands, of the current key. */
  #isShownInPlace(sequence: number): boolean {
    const source = this.#source;
    const { kind } = source;
    // Most versions: nothing more to ask, and no need to look at the value.
    if (kind === KIND_PUT && this.#cover === undefined) {
      this.#kind = KIND_PUT;
      this.#headBytes = 0;
      return true;
    }
    return this.#isShown(sequence, kind, source.valueSource, source.valueStart, source.valueEnd);
  }

  /** Whether the version to see of the current key has a value: not covered, not a delete, not expired. */
  #isShown(sequence: number, kind: number, stored: Uint8Array, storedStart: number, storedEnd: number): boolean {
    const cover = this.#cover;
    if (cover !== undefined && cover.sequenceOver(this.#key.bytes, 0, this.#key.length) > sequence) return false;
    if (!hasValue(kind, stored, storedStart, storedEnd, this.#nowMs)) return false;
    this.#kind = kind;
    this.#headBytes = isExpiringKind(kind) ? EXPIRY_BYTES : 0;
    return true;
  }

  #isAtKey(): boolean {
    return this.#key.equals(this.#source.keySource, this.#source.keyStart, this.#source.keyEnd);
  }

  #isPastEnd(): boolean {
    const end = this.#end;
    if (end === undefined) return false;
    const { keySource, keyStart, keyEnd } = this.#source;
    return compareRanges(keySource, keyStart, keyEnd, end, 0, end.length) >= 0;
  }

  #isBeforeStart(): boolean {
    const { keySource, keyStart, keyEnd } = this.#source;
    return compareRanges(keySource, keyStart, keyEnd, this.#start, 0, this.#start.length) < 0;
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
