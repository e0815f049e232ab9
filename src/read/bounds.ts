import { compareBytes } from '../base/bytes.js';

/** What a scan covers; a bound that is left out is no bound. */
export interface Bounds {
  readonly lower?: Uint8Array | undefined;
  readonly isLowerInclusive: boolean;
  readonly upper?: Uint8Array | undefined;
  readonly isUpperInclusive: boolean;
}

/** The range options of an iterator, already as bytes. */
export interface RangeOptions {
  readonly gt?: Uint8Array | undefined;
  readonly gte?: Uint8Array | undefined;
  readonly lt?: Uint8Array | undefined;
  readonly lte?: Uint8Array | undefined;
}

/** The same keys as `Bounds`, as `[start, end)`: with one form of each bound there is one way to check it. */
export interface HalfOpenRange {
  readonly start: Uint8Array;
  /** Left out: to the last key. */
  readonly end: Uint8Array | undefined;
}

/** Keys are at least one byte, so this is the smallest there can be. */
const SMALLEST_KEY = Uint8Array.of(0);

/** Of two options for one side the inclusive one counts, as in abstract-level. */
export function boundsOf(options: RangeOptions): Bounds {
  return {
    lower: options.gte ?? options.gt,
    isLowerInclusive: options.gte !== undefined,
    upper: options.lte ?? options.lt,
    isUpperInclusive: options.lte !== undefined,
  };
}

export function toHalfOpen(bounds: Bounds): HalfOpenRange {
  const { lower, upper } = bounds;
  const start = lower === undefined || bounds.isLowerInclusive ? lower : successorOf(lower);
  return {
    start: start === undefined ? SMALLEST_KEY : laterKey(start, SMALLEST_KEY),
    end: upper === undefined || !bounds.isUpperInclusive ? upper : successorOf(upper),
  };
}

/** Whether no key at all lies within the bounds: then there is nothing to read. */
export function isEmptyRange(bounds: Bounds): boolean {
  const { start, end } = toHalfOpen(bounds);
  return end !== undefined && compareBytes(start, end) >= 0;
}

/** The next possible key after `key`: nothing sorts between them. May be one byte longer than a stored key can be. */
export function successorOf(key: Uint8Array): Uint8Array {
  const successor = new Uint8Array(key.length + 1);
  successor.set(key);
  return successor;
}

export function laterKey(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) >= 0 ? a : b;
}

export function earlierKey(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) <= 0 ? a : b;
}
