import { describe, expect, it } from 'vitest';
import {
  KIND_DELETE,
  KIND_LOG_MARK,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_BLOB_EXPIRING,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
} from '../../src/base/internal-key.js';
import type { PointResult } from '../../src/base/point-result.js';
import { LOOKUP_DELETED, LOOKUP_FOUND } from '../../src/base/point-result.js';
import { storedValue } from '../../src/base/stored-value.js';
import { hasValue, settleExpiry } from '../../src/read/visibility.js';

const VALUE = Uint8Array.of(7, 8);
const EXPIRES_AT_MS = 1000;
const STORED = storedValue(EXPIRES_AT_MS, VALUE);

function found(kind: number, stored: Uint8Array): PointResult {
  return { state: LOOKUP_FOUND, source: stored, start: 0, end: stored.length, sequence: 5, kind };
}

describe('hasValue', () => {
  it('is true of puts and false of deletes at any time', () => {
    for (const nowMs of [0, Number.MAX_SAFE_INTEGER]) {
      expect(hasValue(KIND_PUT, VALUE, 0, 2, nowMs)).toBe(true);
      expect(hasValue(KIND_PUT_BLOB, VALUE, 0, 2, nowMs)).toBe(true);
      expect(hasValue(KIND_DELETE, VALUE, 0, 0, nowMs)).toBe(false);
    }
  });

  it.each([KIND_PUT_EXPIRING, KIND_PUT_BLOB_EXPIRING])('is false of kind %i from its time on', (kind) => {
    const at = (nowMs: number): boolean => hasValue(kind, STORED, 0, STORED.length, nowMs);
    expect([0, 999, 1000, 1001].map(at)).toEqual([true, true, false, false]);
  });

  it.each([KIND_RANGE_DELETE, KIND_LOG_MARK, 7])('refuses kind %i, which is no version of a key', (kind) => {
    expect(() => hasValue(kind, VALUE, 0, 2, 0)).toThrow(
      expect.objectContaining({ code: 'STEME_UNSUPPORTED', message: expect.stringContaining(`kind ${kind}`) }),
    );
  });

  it('refuses a record that has no room for its time', () => {
    expect(() => hasValue(KIND_PUT_EXPIRING, STORED, 3, 10, 0)).toThrow(
      expect.objectContaining({ code: 'STEME_CORRUPTION' }),
    );
  });
});

describe('settleExpiry', () => {
  it('turns an expired version into a delete', () => {
    const result = found(KIND_PUT_EXPIRING, STORED);
    settleExpiry(result, EXPIRES_AT_MS);
    expect(result.state).toBe(LOOKUP_DELETED);
  });

  it.each([
    { kind: KIND_PUT_EXPIRING, left: KIND_PUT },
    { kind: KIND_PUT_BLOB_EXPIRING, left: KIND_PUT_BLOB },
  ])('leaves of kind $kind what it is without the time, kind $left', ({ kind, left }) => {
    const result = found(kind, STORED);
    settleExpiry(result, EXPIRES_AT_MS - 1);
    expect(result).toMatchObject({ state: LOOKUP_FOUND, kind: left });
    expect(result.source.slice(result.start, result.end)).toEqual(VALUE);
  });

  it('leaves other kinds alone', () => {
    for (const kind of [KIND_PUT, KIND_PUT_BLOB]) {
      const result = found(kind, VALUE);
      settleExpiry(result, EXPIRES_AT_MS);
      expect(result).toEqual(found(kind, VALUE));
    }
  });
});
