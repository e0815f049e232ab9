import { KIND_DELETE } from '../base/internal-key.js';

/**
 * Which versions of a key a merge keeps. Versions come newest first; `oldestSequence` is the oldest moment that any reader
 * may still look at.
 *
 *     sequence > oldestSequence           kept: some reader may want each of them
 *     newest at or below oldestSequence   kept, unless it is a tombstone with nothing below it to hide
 *     all older ones                      dropped: hidden for every reader
 */
export class VersionFilter {
  readonly #oldestSequence: number;
  readonly #isBottom: boolean;
  #hasCoveringVersion = false;

  constructor(oldestSequence: number, isBottom: boolean) {
    this.#oldestSequence = oldestSequence;
    this.#isBottom = isBottom;
  }

  startKey(): void {
    this.#hasCoveringVersion = false;
  }

  keeps(sequence: number, kind: number): boolean {
    if (sequence > this.#oldestSequence) return true;
    if (this.#hasCoveringVersion) return false;
    this.#hasCoveringVersion = true;
    return !(kind === KIND_DELETE && this.#isBottom);
  }
}
