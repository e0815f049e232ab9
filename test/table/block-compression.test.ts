import { describe, expect, it } from 'vitest';
import { writeUint32 } from '../../src/base/bytes.js';
import { CorruptionError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { compressBlock, decompressBlock } from '../../src/table/block-compression.js';
import { BLOCK_CONTENT_BYTES_MAX } from '../../src/table/table-format.js';

const CONTENT = new Uint8Array(1000).fill(0x61);

function compressed(): Uint8Array {
  const stored = compressBlock(CONTENT);
  expect(stored).toBeDefined();
  return Uint8Array.from(stored ?? []);
}

describe('block compression', () => {
  it('gives back what it shrank, and leaves alone what does not shrink by an eighth', () => {
    expect(decompressBlock(compressed(), 'x', 0)).toEqual(CONTENT);
    expect(compressBlock(new Prng(1).fill(new Uint8Array(1000)))).toBeUndefined();
  });

  it('refuses a claimed length that is not the length, on both sides', () => {
    for (const claimed of [999, 1001, 1]) {
      const stored = compressed();
      writeUint32(stored, 0, claimed);
      expect(() => decompressBlock(stored, 'x', 0), String(claimed)).toThrow(CorruptionError);
    }
  });

  it('refuses a claim of nothing, of more than LZ4 can hold, or of more than a block may have', () => {
    for (const claimed of [0, compressed().length * 255 + 1, BLOCK_CONTENT_BYTES_MAX + 1, 0xffffffff]) {
      const stored = compressed();
      writeUint32(stored, 0, claimed);
      expect(() => decompressBlock(stored, 'x', 0), String(claimed)).toThrow('a claim of');
    }
    expect(() => decompressBlock(new Uint8Array(3), 'x', 0)).toThrow('a claim of');
  });
});
