import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTableKind,
  KIND_DELETE,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
  readTrailerKind,
  readTrailerSequence,
  TRAILER_BYTES,
  writeTrailer,
} from '../../src/base/internal-key.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';

describe('the trailer of an internal key', () => {
  it.each([
    [0, KIND_DELETE, [0, 0, 0, 0, 0, 0, 0, 0]],
    [1, KIND_PUT, [1, 1, 0, 0, 0, 0, 0, 0]],
    [0x01_02_03_04_05_06, KIND_PUT, [1, 6, 5, 4, 3, 2, 1, 0]],
    [SEQUENCE_MAX, KIND_RANGE_DELETE, [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
  ])('of sequence %i and kind %i has the bytes of the format', (sequence, kind, bytes) => {
    const target = new Uint8Array(TRAILER_BYTES);
    writeTrailer(target, 0, sequence, kind);
    expect([...target]).toEqual(bytes);
  });

  it('comes back at any offset and touches nothing else', () => {
    const edges = [2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48, SEQUENCE_MAX];
    const sequences = fc.oneof(fc.maxSafeNat(), fc.constantFrom(...edges));
    fc.assert(
      fc.property(sequences, fc.integer({ min: 0, max: 255 }), fc.nat(5), (sequence, kind, at) => {
        const target = new Uint8Array(at + TRAILER_BYTES + 1).fill(0xaa);
        writeTrailer(target, at, sequence, kind);
        expect(readTrailerSequence(target, at)).toBe(sequence);
        expect(readTrailerKind(target, at)).toBe(kind);
        expect([...target.subarray(0, at), target[at + TRAILER_BYTES]]).toEqual(new Array(at + 1).fill(0xaa));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('has kinds with numbers that are never changed, and tables take those of versions of keys', () => {
    expect([KIND_DELETE, KIND_PUT, KIND_RANGE_DELETE, KIND_PUT_EXPIRING, KIND_PUT_BLOB]).toEqual([0, 1, 2, 3, 4]);
    const known = Array.from({ length: 256 }, (_, kind) => kind).filter(isTableKind);
    expect(known).toEqual([0, 1, 3, 4, 5]);
  });
});
