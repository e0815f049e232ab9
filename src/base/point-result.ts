/**
 * Where a point lookup leaves its answer: one object, made once and filled again and again, so that a hot read allocates
 * nothing but the value's copy. `source[start, end)` is the value when `state` is FOUND, good until the next lookup.
 */
export const LOOKUP_MISSING = 0;
export const LOOKUP_FOUND = 1;
export const LOOKUP_DELETED = 2;

export interface PointResult {
  state: typeof LOOKUP_MISSING | typeof LOOKUP_FOUND | typeof LOOKUP_DELETED;
  source: Uint8Array;
  start: number;
  end: number;
  sequence: number;
  /** Of the version found: for kinds other than a plain put, `source[start, end)` is the stored value. */
  kind: number;
}
