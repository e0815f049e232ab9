import type { Clock } from '../base/clock.js';
import { StemeError } from '../base/errors.js';
import { ITERATOR_WARNING_MS } from '../base/limits.js';
import type { Timers } from '../base/timers.js';
import type { ReadView } from '../read/read-view.js';
import { AbortWatch } from './abort-watch.js';
import { AgeWatch } from './age-watch.js';
import { IteratorHold } from './iterator-hold.js';
import type { ReadState } from './read-state.js';

const HOW_TO_CLOSE =
  'end it with `await iterator.close()` or `await using`; a `for await` loop does so itself, even when it is left early';

const FRESH_MAX = 64;

export interface OpenIteratorsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onWarning: (warning: StemeError) => void;
}

/**
 * The iterators that are open: a compaction keeps what they see, and closing the database closes them. None of them keeps files
 * in silence: one that is lost is closed when it is collected, and one that is open for long is reported.
 */
export class OpenIterators {
  readonly #clock: Clock;
  readonly #onWarning: (warning: StemeError) => void;
  /** In the order of opening. */
  readonly #holds = new Set<IteratorHold>();
  readonly #lost: FinalizationRegistry<IteratorHold>;
  /**
   * Not watched yet: most are closed in the turn that opened them. What a registry knows outlives every young collection, so short
   * scans would fill the old space.
   */
  readonly #fresh: { readonly iterator: object; readonly hold: IteratorHold }[] = [];
  readonly #aborts = new AbortWatch();
  readonly #ages: AgeWatch;

  constructor({ clock, timers, onWarning }: OpenIteratorsOptions) {
    this.#clock = clock;
    this.#onWarning = onWarning;
    this.#lost = new FinalizationRegistry((hold) => this.#closeLost(hold));
    this.#ages = new AgeWatch({
      timers,
      limitMs: ITERATOR_WARNING_MS,
      oldestAgeMs: () => this.#ageMs(this.#oldestUnreported()),
      onOld: () => this.#reportOld(),
    });
  }

  /** Holds `state` until the hold is closed, or `signal` aborted. */
  open(state: ReadState, view: ReadView, signal: AbortSignal | undefined): IteratorHold {
    let endAbortWatch: (() => void) | undefined;
    const hold = new IteratorHold(state, view, this.#clock.monotonicMs(), (closed) => {
      endAbortWatch?.();
      if (closed.isWatched) this.#lost.unregister(closed);
      this.#holds.delete(closed);
    });
    this.#holds.add(hold);
    this.#ages.start();
    if (signal?.aborted === true) hold.close(abortError(signal));
    else if (signal !== undefined) endAbortWatch = this.#aborts.watch(signal, () => hold.close(abortError(signal)));
    return hold;
  }

  /** Closes `hold` once `iterator` is collected. It is not before it was open for a turn of the event loop, or many came after it. */
  watchLoss(iterator: object, hold: IteratorHold): void {
    if (!hold.isOpen) return;
    this.#fresh.push({ iterator, hold });
    if (this.#fresh.length === 1) setImmediate(() => this.#watchFresh());
    else if (this.#fresh.length === FRESH_MAX) this.#watchFresh();
  }

  get openCount(): number {
    return this.#holds.size;
  }

  /** 0 without any. */
  oldestAgeMs(): number {
    for (const hold of this.#holds) return this.#ageMs(hold) ?? 0;
    return 0;
  }

  /** The moments that they look at, ascending, each once. */
  sequences(): number[] {
    const sequences = new Set<number>();
    for (const { sequence } of this.#holds) sequences.add(sequence);
    return [...sequences].sort((a, b) => a - b);
  }

  /** What expires later is still seen by one of them; undefined without any. */
  oldestTimeMs(): number | undefined {
    let oldest: number | undefined;
    for (const { nowMs } of this.#holds) oldest = oldest === undefined ? nowMs : Math.min(oldest, nowMs);
    return oldest;
  }

  closeAll(): void {
    for (const hold of this.#holds) hold.close();
    this.#ages.stop();
  }

  #watchFresh(): void {
    for (const { iterator, hold } of this.#fresh.splice(0)) {
      if (!hold.isOpen) continue;
      this.#lost.register(iterator, hold, hold);
      hold.isWatched = true;
    }
  }

  #oldestUnreported(): IteratorHold | undefined {
    for (const hold of this.#holds) if (!hold.isReported) return hold;
    return undefined;
  }

  #ageMs(hold: IteratorHold | undefined): number | undefined {
    return hold === undefined ? undefined : this.#clock.monotonicMs() - hold.openedAtMs;
  }

  #reportOld(): void {
    const hold = this.#oldestUnreported();
    if (hold === undefined) return;
    hold.isReported = true;
    const seconds = Math.round((this.#ageMs(hold) ?? 0) / 1000);
    this.#warn(`an iterator has been open for ${seconds} s: it keeps files and all that it sees; ${HOW_TO_CLOSE}`);
  }

  #closeLost(hold: IteratorHold): void {
    if (!hold.isOpen) return;
    hold.close();
    this.#warn(`an iterator was lost without being closed: until it was collected it kept files; ${HOW_TO_CLOSE}`);
  }

  #warn(message: string): void {
    this.#onWarning(new StemeError('STEME_LEAK', message));
  }
}

function abortError(signal: AbortSignal): StemeError {
  return new StemeError('STEME_ABORTED', 'the iterator was aborted', { cause: signal.reason });
}
