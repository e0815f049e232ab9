import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareBytes, copyRange } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { StemeError } from '../base/errors.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { BulkLoadEntry, BulkLoadSource } from './api.js';
import { endOf, throwIfEnded } from './long-calls.js';
import { keyBytes, valueBytes } from './user-bytes.js';

/** Takes an entry; a promise if the next one has to wait. Key and value are good for the call only. */
export type TakeEntry = (key: Uint8Array, value: Uint8Array) => Promise<void> | undefined;

type Step = IteratorResult<BulkLoadEntry, unknown>;
type Steps = Iterator<BulkLoadEntry, unknown> | AsyncIterator<BulkLoadEntry, unknown>;

/** The loop gives the event loop a turn at about this pace (law 11). */
const TURN_MS_MAX = 2;
const ENTRIES_PER_CLOCK_READ = 128;

/**
 * Hands the entries of `source` to `take`, checked, one after the other. Errors: STEME_INVALID_BATCH, _KEY and _VALUE with the
 * position of the entry, those of `throwIfEnded`, and what source and `take` throw; the source is told to end then.
 */
export async function readEntries(
  source: BulkLoadSource,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
  take: TakeEntry,
): Promise<void> {
  const steps = stepsOf(source);
  const order = new KeyOrder();
  let turnStartedAtMs = clock.monotonicMs();
  try {
    for (let position = 0; ; position++) {
      const next = steps.next();
      const step = next instanceof Promise ? await orEnd(next, signal) : (next as Step);
      if (step.done === true) return;
      const { key, value } = checkEntry(step.value, position);
      order.check(key, position);
      const pending = take(key, value);
      if (pending !== undefined) await pending;
      if (position % ENTRIES_PER_CLOCK_READ === 0 && clock.monotonicMs() - turnStartedAtMs > TURN_MS_MAX) {
        await nextTurn();
        turnStartedAtMs = clock.monotonicMs();
      }
      throwIfEnded(signal);
    }
  } catch (error) {
    await endSource(steps, signal);
    throw error;
  }
}

function stepsOf(source: BulkLoadSource): Steps {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new StemeError('STEME_INVALID_BATCH', 'the source of a bulk load must be an iterable of [key, value] entries');
}

/** The next step, or the end of the call if that comes first: a source may never come up with one. */
async function orEnd(next: Promise<Step>, signal: AbortSignal): Promise<Step> {
  throwIfEnded(signal);
  let stopListening: () => void = () => undefined;
  try {
    return await new Promise<Step>((resolve, reject) => {
      const onAbort = (): void => reject(endOf(signal));
      signal.addEventListener('abort', onAbort);
      stopListening = () => signal.removeEventListener('abort', onAbort);
      next.then(resolve, reject);
    });
  } finally {
    stopListening();
  }
}

/** As `for await` does when it leaves early; but a generator that hangs in its `next` would not come to its `return` either. */
async function endSource(steps: Steps, signal: AbortSignal): Promise<void> {
  const ended = (async () => steps.return?.())().catch(() => undefined);
  if (!signal.aborted) await ended;
}

function checkEntry(entry: BulkLoadEntry, position: number): { key: Uint8Array; value: Uint8Array } {
  if (!Array.isArray(entry) || entry.length !== 2) {
    throw new StemeError('STEME_INVALID_BATCH', `entry ${position} of the bulk load must be a [key, value] pair`);
  }
  try {
    return { key: keyBytes(entry[0]), value: valueBytes(entry[1]) };
  } catch (error) {
    if (!(error instanceof StemeError)) throw error;
    throw new StemeError(error.code, `entry ${position} of the bulk load: ${error.message}`);
  }
}

/** Remembers the last key. */
class KeyOrder {
  readonly #last = new Uint8Array(KEY_BYTES_MAX);
  #lastBytes = 0;

  check(key: Uint8Array, position: number): void {
    const order = compareBytes(this.#last.subarray(0, this.#lastBytes), key);
    if (order >= 0) throw outOfOrder(position, order === 0);
    copyRange(key, 0, key.length, this.#last, 0);
    this.#lastBytes = key.length;
  }
}

function outOfOrder(position: number, isEqual: boolean): StemeError {
  const where = isEqual ? 'the same as that' : 'before that';
  const message = `entry ${position} of the bulk load is out of order: its key is ${where} of entry ${position - 1}; nothing was loaded`;
  return new StemeError('STEME_INVALID_BATCH', message);
}
