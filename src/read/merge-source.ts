import { compareRanges, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import { KEY_PREFIX_BYTES, keyPrefix } from './key-prefix.js';

/** One source of a merge, and where its key lies while it stands still: comparing it then costs no call into it. */
export class MergeSource {
  readonly iterator: InternalIterator;
  /** Its leaf in the tree, counted from 0. */
  readonly leaf: number;
  /** The key's next bytes after what all sources share, or an infinity once the source is exhausted. */
  prefix = Number.POSITIVE_INFINITY;
  isExhausted = true;
  /** Of the iterator, as it stands. */
  entry: CurrentEntry;
  keySource = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;

  constructor(iterator: InternalIterator, leaf: number) {
    this.iterator = iterator;
    this.entry = iterator;
    this.leaf = leaf;
  }

  /** Takes over the iterator's position after it has moved. The prefix is then to be set. */
  load(): void {
    const { entry } = this.iterator;
    this.entry = entry;
    this.isExhausted = !entry.valid;
    if (this.isExhausted) return;
    this.keySource = entry.keySource;
    this.keyStart = entry.keyStart;
    this.keyEnd = entry.keyEnd;
  }

  setPrefix(sharedBytes: number): void {
    this.prefix = keyPrefix(this.keySource, this.keyStart + sharedBytes, this.keyEnd);
  }

  /** Whether the key starts with `shared[0, sharedBytes)`. */
  startsWith(shared: Uint8Array, sharedBytes: number): boolean {
    const { keySource, keyStart } = this;
    if (this.keyEnd - keyStart < sharedBytes) return false;
    // From the back: sorted keys differ there first.
    for (let i = sharedBytes - 1; i >= 0; i--) {
      if (keySource[keyStart + i] !== shared[i]) return false;
    }
    return true;
  }
}

/**
 * Whether the entry of `a` stands before that of `b`: user key ascending, then sequence descending. Neither is exhausted;
 * their keys share the first `sharedBytes`.
 */
export function isEntryBefore(a: MergeSource, b: MergeSource, sharedBytes: number): boolean {
  const aStart = a.keyStart + sharedBytes;
  const bStart = b.keyStart + sharedBytes;
  const order = compareRanges(a.keySource, aStart, a.keyEnd, b.keySource, bStart, b.keyEnd);
  if (order !== 0) return order < 0;
  const aSequence = a.entry.sequence;
  const bSequence = b.entry.sequence;
  assert(aSequence !== bSequence, 'no two sources hold the same version of a key');
  return aSequence > bSequence;
}

/** The same for sources whose prefixes are equal. */
export function isEntryBeforeBehindPrefix(a: MergeSource, b: MergeSource, sharedBytes: number): boolean {
  const lengthMin = sharedBytes + KEY_PREFIX_BYTES;
  // A short key's prefix is filled up, so only two whole ones prove equal bytes.
  const isWhole = a.keyEnd - a.keyStart >= lengthMin && b.keyEnd - b.keyStart >= lengthMin;
  return isEntryBefore(a, b, isWhole ? lengthMin : sharedBytes);
}
