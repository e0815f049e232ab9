import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVarint, VARINT_BYTES_MAX, varintBytes, writeVarint } from '../../src/base/varint.js';

const RUNS = { seed: 1, numRuns: 2000 };
const GUARD = 0xaa;

/** Numbers of every length alike; a plain choice below 2^53 hardly ever has fewer than seven bytes. */
const numberArbitrary = fc.oneof(
  fc.maxSafeNat(),
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }))
    .map(([bits, offset]) => Math.max(0, 2 ** bits + offset)),
);

function encode(value: number): Uint8Array {
  const target = new Uint8Array(VARINT_BYTES_MAX + 2);
  return target.subarray(0, writeVarint(target, 0, value));
}

describe('a varint', () => {
  it.each([
    [0, [0x00]],
    [1, [0x01]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [300, [0xac, 0x02]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [Number.MAX_SAFE_INTEGER, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('of %i has the bytes of the format', (value, bytes) => {
    expect([...encode(value)]).toEqual(bytes);
  });

  it('comes back, takes the bytes it announces, and touches no others', () => {
    fc.assert(
      fc.property(numberArbitrary, fc.integer({ min: 0, max: 5 }), (value, at) => {
        const target = new Uint8Array(at + VARINT_BYTES_MAX + 1).fill(GUARD);
        const end = writeVarint(target, at, value);
        expect(end - at).toBe(varintBytes(value));
        expect(target.subarray(0, at).every((byte) => byte === GUARD)).toBe(true);
        expect(target.subarray(end).every((byte) => byte === GUARD)).toBe(true);
        const cursor = { position: at };
        expect(readVarint(target, cursor, target.length)).toBe(value);
        expect(cursor.position).toBe(end);
      }),
      RUNS,
    );
  });

  it('cut short is refused at every length', () => {
    fc.assert(
      fc.property(numberArbitrary, (value) => {
        const bytes = encode(value);
        for (let end = 0; end < bytes.length; end++) {
          const cursor = { position: 0 };
          readVarint(bytes, cursor, end);
          expect(cursor.position).toBe(-1);
        }
      }),
      RUNS,
    );
  });

  it.each([
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['2^53 + 1', [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['the most that eight bytes hold', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['nine bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['no end', new Array<number>(20).fill(0xff)],
  ])('of %s is refused', (_name, bytes) => {
    const cursor = { position: 0 };
    readVarint(Uint8Array.from(bytes), cursor, bytes.length);
    expect(cursor.position).toBe(-1);
  });

  it('out of hostile bytes is a safe number within the range, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat(12), fc.nat(12), (bytes, start, length) => {
        const end = Math.min(bytes.length, start + length);
        const cursor = { position: start };
        const value = readVarint(bytes, cursor, end);
        if (cursor.position === -1) return;
        expect(cursor.position).toBeGreaterThan(start);
        expect(cursor.position).toBeLessThanOrEqual(end);
        expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
      }),
      RUNS,
    );
  });
});
