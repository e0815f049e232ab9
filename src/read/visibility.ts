import { StemeError } from '../base/errors.js';
import {
  KIND_DELETE,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_BLOB_EXPIRING,
  KIND_PUT_EXPIRING,
} from '../base/internal-key.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_DELETED } from '../base/point-result.js';
import { checkedExpiryMs, EXPIRY_BYTES, isExpiringKind } from '../base/stored-value.js';

/**
 * Whether a version has a value at `nowMs`, if nothing newer hides it; `stored[storedStart, storedEnd)` is its stored value.
 * Throws STEME_UNSUPPORTED for a kind that this release does not know: guessing would be a wrong answer (law 5).
 */
export function hasValue(
  kind: number,
  stored: Uint8Array,
  storedStart: number,
  storedEnd: number,
  nowMs: number,
): boolean {
  switch (kind) {
    case KIND_PUT:
    case KIND_PUT_BLOB:
      return true;
    case KIND_DELETE:
      return false;
    case KIND_PUT_EXPIRING:
    case KIND_PUT_BLOB_EXPIRING:
      return nowMs < checkedExpiryMs(stored, storedStart, storedEnd);
    default:
      throw new StemeError(
        'STEME_UNSUPPORTED',
        `a record of kind ${kind} was written by a newer version of this package`,
      );
  }
}

/** Of a FOUND version: an expired one becomes DELETED, and of one that only could have expired the value is left. */
export function settleExpiry(result: PointResult, nowMs: number): void {
  const { kind, source, start, end } = result;
  if (!hasValue(kind, source, start, end, nowMs)) {
    result.state = LOOKUP_DELETED;
  } else if (isExpiringKind(kind)) {
    result.start = start + EXPIRY_BYTES;
    result.kind = kind === KIND_PUT_EXPIRING ? KIND_PUT : KIND_PUT_BLOB;
  }
}
