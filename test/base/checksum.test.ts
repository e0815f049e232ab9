import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, crc32cOfFew } from '../../src/base/checksum.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

/** The definition, bit by bit: reflected polynomial 0x1EDC6F41. */
function crc32cByDefinition(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  // The first is the check value of the CRC catalogues, the others are those of RFC 3720, appendix B.4.
  it.each([
    ['the nine digits', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', ascending, 0x46dd794e],
    ['32 descending bytes', ascending.toReversed(), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s is the published value', (_name, bytes, wanted) => {
    expect(crc32c(bytes)).toBe(wanted);
  });

  it('is what the definition says, for any bytes at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(8), (bytes, start) => {
        const part = bytes.subarray(Math.min(start, bytes.length));
        expect(crc32c(part)).toBe(crc32cByDefinition(part));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('of few bytes without the addon is the same, on its own and chained', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (first, second) => {
        expect(crc32cOfFew(first)).toBe(crc32cByDefinition(first));
        expect(crc32cOfFew(second, crc32c(first))).toBe(crc32c(second, crc32c(first)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('chains: a seed continues where another checksum ended', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(crc32c(bytes));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('takes views over shared memory, where the WAL and the arenas are', () => {
    for (const memory of [new SharedArrayBuffer(64), allocateSharedMemory(64)]) {
      const view = new Uint8Array(memory, 5, 32);
      view.set(ascending);
      expect(crc32c(view)).toBe(0x46dd794e);
    }
  });

  it('changes with every single flipped bit', () => {
    const bytes = Uint8Array.from(ascending);
    const right = crc32c(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(crc32c(bytes)).not.toBe(right);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });
});
