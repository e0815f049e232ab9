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
import {
  EXPIRY_BYTES,
  isBlobKind,
  isExpiringKind,
  readExpiryMs,
  storedValue,
  writeExpiryMs,
} from '../../src/base/stored-value.js';

const KINDS = [
  KIND_DELETE,
  KIND_PUT,
  KIND_RANGE_DELETE,
  KIND_PUT_EXPIRING,
  KIND_PUT_BLOB,
  KIND_PUT_BLOB_EXPIRING,
  KIND_LOG_MARK,
];

describe('a stored value', () => {
  it('tells by its kind what it holds', () => {
    expect(KINDS.filter(isExpiringKind)).toEqual([KIND_PUT_EXPIRING, KIND_PUT_BLOB_EXPIRING]);
    expect(KINDS.filter(isBlobKind)).toEqual([KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING]);
  });

  it('of a put that expires has the time first, then the value', () => {
    const stored = storedValue(0x0123_4567_89ab, Uint8Array.of(7, 8));
    expect([...stored]).toEqual([0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 0, 0, 7, 8]);
    expect(readExpiryMs(stored, 0)).toBe(0x0123_4567_89ab);
    expect([...stored.subarray(EXPIRY_BYTES)]).toEqual([7, 8]);
  });

  it.each([0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])('keeps the time %i wherever it stands', (ms) => {
    const target = new Uint8Array(20).fill(0xee);
    writeExpiryMs(target, 5, ms);
    expect(readExpiryMs(target, 5)).toBe(ms);
    expect([target[4], target[5 + EXPIRY_BYTES]]).toEqual([0xee, 0xee]);
  });
});
