import { SEQUENCE_MAX } from '../base/limits.js';

/**
 * The sequences between two neighbouring snapshots look the same to every reader: of the versions of a key in one such
 * stripe only the newest can be seen. With snapshots at 10 and 20:
 *
 *     sequences   1 … 10   11 … 20   21 …
 *     stripe         0        1        2
 */
export class SnapshotStripes {
  readonly #snapshots: readonly number[];
  readonly #newestSnapshot: number;

  /** `snapshots` ascend. */
  constructor(snapshots: readonly number[]) {
    this.#snapshots = snapshots;
    this.#newestSnapshot = snapshots.at(-1) ?? 0;
  }

  /** How many snapshots do not see `sequence`. */
  stripeOf(sequence: number): number {
    const snapshots = this.#snapshots;
    if (sequence > this.#newestSnapshot) return snapshots.length;
    let low = 0;
    let high = snapshots.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (snapshots[middle] < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The largest sequence of a stripe. */
  newestIn(stripe: number): number {
    return stripe === this.#snapshots.length ? SEQUENCE_MAX : this.#snapshots[stripe];
  }
}
