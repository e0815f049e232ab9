import { describe, expect, it } from 'vitest';
import { writeUint32 } from '../../src/base/bytes.js';
import { CorruptionError } from '../../src/base/errors.js';
import { compressLz4, decompressLz4 } from '../../src/base/lz4.js';
import { Prng } from '../../src/base/prng.js';

const CONTENT_BYTES_MAX = 2000;
const CONTENT = new Uint8Array(1000).fill(0x61);

function compressed(): Uint8Array {
  const stored = compressLz4(CONTENT);
  expect(stored).toBeDefined();
  return Uint8Array.from(stored ?? []);
}

describe('LZ4', () => {
  it('gives back what it shrank, and leaves alone what does not shrink by an eighth', () => {
    expect(decompressLz4(compressed(), CONTENT_BYTES_MAX, 'x', 0)).toEqual(CONTENT);
    expect(compressLz4(new Prng(1).fill(new Uint8Array(1000)))).toBeUndefined();
  });

  it('refuses a claimed length that is not the length, on both sides', () => {
    for (const claimed of [999, 1001, 1]) {
      const stored = compressed();
      writeUint32(stored, 0, claimed);
      expect(() => decompressLz4(stored, CONTENT_BYTES_MAX, 'x', 0), String(claimed)).toThrow(CorruptionError);
    }
  });

  it('refuses a claim of nothing, of more than LZ4 can hold, or of more than the caller allows', () => {
    for (const claimed of [0, compressed().length * 255 + 1, CONTENT_BYTES_MAX + 1, 0xffffffff]) {
      const stored = compressed();
      writeUint32(stored, 0, claimed);
      expect(() => decompressLz4(stored, CONTENT_BYTES_MAX, 'x', 0), String(claimed)).toThrow('a claim of');
    }
    expect(() => decompressLz4(new Uint8Array(3), CONTENT_BYTES_MAX, 'x', 0)).toThrow('a claim of');
  });
});
