import { KIND_DELETE } from '../base/internal-key.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import { checkedExpiryMs, isExpiringKind } from '../base/stored-value.js';
import type { DeeperKeys } from './deeper-keys.js';
import type { SnapshotStripes } from './snapshot-stripes.js';

/** What becomes of a version. */
export const VERSION_DROPPED = 0;
export const VERSION_KEPT = 1;
/** A put that expired: its key is deleted for every reader, and what is older must stay hidden. */
export const VERSION_KEPT_AS_DELETE = 2;

export interface VersionFilterOptions {
  readonly stripes: SnapshotStripes;
  /** The range deletes among the inputs. */
  readonly tombstones: RangeTombstoneSet;
  readonly deeperKeys: DeeperKeys;
  readonly expiryCutoffMs: number;
}

const NO_STRIPE = -1;

/**
 * Which versions of a key a merge keeps. They come newest first, stripe by stripe (snapshot-stripes.ts):
 *
 *     not the newest of its stripe             dropped: nobody sees it
 *     covered by a range delete of its stripe  dropped, and with it the rest of the stripe
 *     expired put                              a delete from here on
 *     delete, oldest stripe, nothing deeper    dropped: everything that it hides goes with it
 *     other                                    kept
 */
export class VersionFilter {
  readonly #stripes: SnapshotStripes;
  readonly #tombstones: RangeTombstoneSet;
  readonly #hasTombstones: boolean;
  readonly #deeperKeys: DeeperKeys;
  readonly #expiryCutoffMs: number;
  /** The stripe whose newest version of the key has come by: the rest of it is hidden. */
  #stripe = NO_STRIPE;

  constructor({ stripes, tombstones, deeperKeys, expiryCutoffMs }: VersionFilterOptions) {
    this.#stripes = stripes;
    this.#tombstones = tombstones;
    this.#hasTombstones = !tombstones.isEmpty;
    this.#deeperKeys = deeperKeys;
    this.#expiryCutoffMs = expiryCutoffMs;
  }

  startKey(): void {
    this.#stripe = NO_STRIPE;
  }

  /** Decides on the next version of the key `keySource[keyStart, keyEnd)`; `valueSource[valueStart, valueEnd)` is its stored value. */
  decide(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    sequence: number,
    kind: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const stripe = this.#stripes.stripeOf(sequence);
    if (stripe === this.#stripe) return VERSION_DROPPED;
    this.#stripe = stripe;
    if (this.#hasTombstones && this.#isCovered(keySource, keyStart, keyEnd, sequence, stripe)) return VERSION_DROPPED;
    const isExpired =
      isExpiringKind(kind) && checkedExpiryMs(valueSource, valueStart, valueEnd) <= this.#expiryCutoffMs;
    if (kind !== KIND_DELETE && !isExpired) return VERSION_KEPT;
    if (stripe === 0 && !this.#deeperKeys.mayHold(keySource, keyStart, keyEnd)) return VERSION_DROPPED;
    return isExpired ? VERSION_KEPT_AS_DELETE : VERSION_KEPT;
  }

  #isCovered(source: Uint8Array, start: number, end: number, sequence: number, stripe: number): boolean {
    return this.#tombstones.coveringSequence(source, start, end, this.#stripes.newestIn(stripe)) > sequence;
  }
}
