import { compareBytes } from '../base/bytes.js';
import { InvalidOptionsError, StemeError } from '../base/errors.js';
import { SYSTEM_KEYS_START } from '../base/system-key.js';
import { type Bounds, boundsOf } from '../read/bounds.js';
import type { IteratorOptions } from './api.js';
import type { Scan } from './read-state.js';
import { boundBytes } from './user-bytes.js';

/** The options of an iterator, checked. */
export interface ScanOptions extends Scan {
  readonly hasKeys: boolean;
  readonly hasValues: boolean;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/** Errors: STEME_INVALID_RANGE, STEME_INVALID_OPTION. */
export function checkScanOptions(options: IteratorOptions): ScanOptions {
  const { gt, gte, lt, lte, reverse = false, keys = true, values = true, fillCache = true, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionsError(['signal must be an AbortSignal']);
  }
  const asked = boundsOf({
    gt: boundBytes('gt', gt),
    gte: boundBytes('gte', gte),
    lt: boundBytes('lt', lt),
    lte: boundBytes('lte', lte),
  });
  const bounds = withoutSystemKeys(asked);
  return { bounds, isReverse: reverse, hasKeys: keys, hasValues: values, limit: limitOf(options), fillCache, signal };
}

/** Of the keys of users alone. */
function withoutSystemKeys(bounds: Bounds): Bounds {
  if (bounds.upper !== undefined && compareBytes(bounds.upper, SYSTEM_KEYS_START) < 0) return bounds;
  return { ...bounds, upper: SYSTEM_KEYS_START, isUpperInclusive: false };
}

function limitOf({ limit }: IteratorOptions): number {
  if (limit === undefined || limit === -1) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(limit) && limit >= 0) return limit;
  if (limit === Number.POSITIVE_INFINITY) return limit;
  throw new StemeError('STEME_INVALID_RANGE', `limit must be a whole number from 0, got ${limit}`);
}
