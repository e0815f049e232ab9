import { StemeError } from '../base/errors.js';

interface LongCall {
  readonly end: AbortController;
  readonly settled: Promise<unknown>;
}

/** Calls that go on for long beside everything else: the database does not close under them, it ends them first. */
export class LongCalls {
  readonly #running = new Set<LongCall>();

  /** `work` gets a signal that is the caller's and that of the close in one, for `throwIfEnded`. */
  run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const end = new AbortController();
    const promise = work(signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]));
    const call: LongCall = { end, settled: Promise.allSettled([promise]).then(() => this.#running.delete(call)) };
    this.#running.add(call);
    return promise;
  }

  /** Ends all of them with STEME_CLOSED; resolves when they have tidied up. */
  async endAll(): Promise<void> {
    const calls = [...this.#running];
    if (calls.length === 0) return;
    const reason = new StemeError('STEME_CLOSED', 'the database was closed before the call came to its end');
    for (const { end } of calls) end.abort(reason);
    await Promise.all(calls.map(({ settled }) => settled));
  }
}

/** For calls that do their work in parts, each of which stands. */
export const PARTS_REMAIN = 'what was done before stays';

/** Throws what a call with this signal is to end with: STEME_CLOSED when the database was closed, else STEME_ABORTED. */
export function throwIfEnded(signal: AbortSignal, remains = 'nothing of it is left'): void {
  if (signal.aborted) throw endOf(signal, remains);
}

export function endOf(signal: AbortSignal, remains = 'nothing of it is left'): StemeError {
  const { reason } = signal;
  if (reason instanceof StemeError && reason.code === 'STEME_CLOSED') return reason;
  const message = `the call was aborted by its signal; ${remains}`;
  return new StemeError('STEME_ABORTED', message, { cause: reason });
}
