import { describe, expect, it } from 'vitest';
import type { RangeOptions } from '../../src/read/bounds.js';
import { boundsOf, isEmptyRange, toHalfOpen } from '../../src/read/bounds.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('boundsOf', () => {
  it('lets the inclusive option count where both are given', () => {
    expect(boundsOf({ gt: bytes(5), gte: bytes(1), lt: bytes(6), lte: bytes(9) })).toEqual({
      lower: bytes(1),
      isLowerInclusive: true,
      upper: bytes(9),
      isUpperInclusive: true,
    });
  });

  it('knows exclusive bounds, and none', () => {
    expect(boundsOf({ gt: bytes(5), lt: bytes(6) })).toEqual({
      lower: bytes(5),
      isLowerInclusive: false,
      upper: bytes(6),
      isUpperInclusive: false,
    });
    expect(boundsOf({ gte: undefined })).toMatchObject({ lower: undefined, upper: undefined });
  });
});

describe('toHalfOpen', () => {
  it('writes every bound as start inclusive, end exclusive', () => {
    expect(toHalfOpen(boundsOf({ gt: bytes(5), lte: bytes(6) }))).toEqual({ start: bytes(5, 0), end: bytes(6, 0) });
    expect(toHalfOpen(boundsOf({ gte: bytes(5), lt: bytes(6) }))).toEqual({ start: bytes(5), end: bytes(6) });
    expect(toHalfOpen(boundsOf({}))).toEqual({ start: bytes(0), end: undefined });
    expect(toHalfOpen(boundsOf({ gte: bytes() }))).toEqual({ start: bytes(0), end: undefined });
  });
});

describe('isEmptyRange', () => {
  const empty: RangeOptions[] = [
    { gt: bytes(5), lt: bytes(5) },
    { gte: bytes(5), lt: bytes(5) },
    { gt: bytes(5), lte: bytes(5) },
    { gte: bytes(6), lte: bytes(5) },
    { gt: bytes(5), lt: bytes(5, 0) },
    { lt: bytes() },
    { lte: bytes() },
    { lt: bytes(0) },
  ];
  it.each(empty)('is true of %j, which no key can meet', (options) => {
    expect(isEmptyRange(boundsOf(options))).toBe(true);
  });

  const filled: RangeOptions[] = [
    {},
    { gte: bytes(5), lte: bytes(5) },
    { gt: bytes(5), lt: bytes(6) },
    { gt: bytes(5), lt: bytes(5, 1) },
    { gte: bytes(255, 255) },
    { lte: bytes(0) },
    { gt: bytes() },
  ];
  it.each(filled)('is false of %j', (options) => {
    expect(isEmptyRange(boundsOf(options))).toBe(false);
  });
});
