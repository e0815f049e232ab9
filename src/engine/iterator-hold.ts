import { StemeError } from '../base/errors.js';
import type { ReadView } from '../read/read-view.js';

/** A read state, as far as a hold is concerned. */
interface Retained {
  retain(): void;
  release(): void;
}

/**
 * What an open iterator keeps from being freed, apart from the iterator itself. The engine knows only this, so an iterator that
 * its user has lost can be collected, and then this is closed in its place.
 */
export class IteratorHold implements ReadView {
  readonly sequence: number;
  readonly nowMs: number;
  readonly openedAtMs: number;
  /** Has been open for too long, and somebody was told. */
  isReported = false;
  /** Closed when its iterator is collected. */
  isWatched = false;
  readonly #onClose: (hold: IteratorHold) => void;
  #state: Retained | undefined;
  #end: StemeError | undefined;

  constructor(state: Retained, view: ReadView, openedAtMs: number, onClose: (hold: IteratorHold) => void) {
    this.sequence = view.sequence;
    this.nowMs = view.nowMs;
    this.openedAtMs = openedAtMs;
    this.#onClose = onClose;
    this.#state = state;
    state.retain();
  }

  get isOpen(): boolean {
    return this.#state !== undefined;
  }

  /** Every later `assertOpen` throws `end`. Safe to call twice: the first end counts. */
  close(end?: StemeError): void {
    if (this.#state === undefined) return;
    this.#end = end;
    this.#state.release();
    this.#state = undefined;
    this.#onClose(this);
  }

  assertOpen(): void {
    if (this.#state !== undefined) return;
    const end = this.#end;
    if (end === undefined) throw new StemeError('STEME_CLOSED', 'the iterator is closed, or its database is');
    // A new one each time: its stack tells which call it was.
    throw new StemeError(end.code, end.message, { cause: end.cause });
  }
}
