import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alignUp,
  commonPrefixLength,
  compareBytes,
  compareRanges,
  copyRange,
  copyToBuffer,
  readUint32,
  readUint64,
  writeUint32,
  writeUint64,
} from '../../src/base/bytes.js';

const RUNS = { seed: 1, numRuns: 1000 };

/** Few symbols, so that long shared prefixes and equal keys come up. */
const bytesArbitrary = fc
  .array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 8 })
  .map((symbols) => Uint8Array.from(symbols));

interface Embedded {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The bytes somewhere inside a larger array whose other bytes must not count. */
function embed(bytes: Uint8Array, before: number): Embedded {
  const source = new Uint8Array(before + bytes.length + 3).fill(0x33);
  source.set(bytes, before);
  return { source, start: before, end: before + bytes.length };
}

const embeddedArbitrary = fc.tuple(bytesArbitrary, fc.nat(4)).map(([bytes, before]) => embed(bytes, before));

describe('the order of byte ranges', () => {
  it('is that of memcmp, shorter first', () => {
    fc.assert(
      fc.property(embeddedArbitrary, embeddedArbitrary, (a, b) => {
        const aBytes = a.source.subarray(a.start, a.end);
        const bBytes = b.source.subarray(b.start, b.end);
        const wanted = Buffer.compare(aBytes, bBytes);
        expect(Math.sign(compareRanges(a.source, a.start, a.end, b.source, b.start, b.end))).toBe(wanted);
        expect(Math.sign(compareBytes(aBytes, bBytes))).toBe(wanted);
      }),
      RUNS,
    );
  });

  it('counts the shared prefix up to the first difference or the shorter end', () => {
    fc.assert(
      fc.property(embeddedArbitrary, embeddedArbitrary, (a, b) => {
        const length = commonPrefixLength(a.source, a.start, a.end, b.source, b.start, b.end);
        const limit = Math.min(a.end - a.start, b.end - b.start);
        expect(length).toBeLessThanOrEqual(limit);
        for (let i = 0; i < length; i++) expect(a.source[a.start + i]).toBe(b.source[b.start + i]);
        if (length < limit) expect(a.source[a.start + length]).not.toBe(b.source[b.start + length]);
      }),
      RUNS,
    );
  });
});

describe('a copy of a range', () => {
  it.each([0, 1, 47, 48, 49, 1000])('of %i bytes is exact and touches nothing else', (length) => {
    const source = Uint8Array.from({ length: length + 10 }, (_, i) => (i * 7 + 1) & 0xff);
    const target = new Uint8Array(length + 10).fill(0xee);
    copyRange(source, 3, 3 + length, target, 5);
    expect([...target.subarray(5, 5 + length)]).toEqual([...source.subarray(3, 3 + length)]);
    expect([...target.subarray(0, 5), ...target.subarray(5 + length)]).toEqual(new Array(10).fill(0xee));
  });

  it.each([0, 16, 100])('of %i bytes for the user does not change when the memory below does', (length) => {
    const source = new Uint8Array(new SharedArrayBuffer(length + 8)).fill(1);
    const copy = copyToBuffer(source, 4, 4 + length);
    source.fill(2);
    expect(Buffer.isBuffer(copy)).toBe(true);
    expect([...copy]).toEqual(new Array(length).fill(1));
  });
});

describe('fixed-width integers', () => {
  it('are little-endian', () => {
    const target = new Uint8Array(8);
    writeUint32(target, 0, 0x81020304);
    expect([...target.subarray(0, 4)]).toEqual([0x04, 0x03, 0x02, 0x81]);
    writeUint64(target, 0, 0x1a_8102_0304_0506);
    expect([...target]).toEqual([0x06, 0x05, 0x04, 0x03, 0x02, 0x81, 0x1a, 0x00]);
  });

  it('come back whatever their size, and agree with DataView', () => {
    const sizes = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(sizes, fc.nat(3), (value, at) => {
        const target = new Uint8Array(12);
        const view = new DataView(target.buffer);
        writeUint64(target, at, value);
        expect(readUint64(target, at)).toBe(value);
        expect(view.getBigUint64(at, true)).toBe(BigInt(value));
        writeUint32(target, at, value % 2 ** 32);
        expect(readUint32(target, at)).toBe(value % 2 ** 32);
        expect(view.getUint32(at, true)).toBe(value % 2 ** 32);
      }),
      RUNS,
    );
  });

  it('above 2^53 read as something above 2^53, so that a limit check finds them', () => {
    expect(readUint64(new Uint8Array(8).fill(0xff), 0)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    expect(readUint64(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0), 0)).toBe(2 ** 53);
  });
});

it('alignUp gives the first multiple at or above a value, past 2^32 too', () => {
  expect([0, 1, 4095, 4096, 4097].map((value) => alignUp(value, 4096))).toEqual([0, 4096, 4096, 4096, 8192]);
  expect(alignUp(2 ** 40 + 1, 512)).toBe(2 ** 40 + 512);
});
