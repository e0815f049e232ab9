import { describe, expect, it } from 'vitest';
import { BLOCK_TRAILER_BYTES, COMPRESSION_LZ4, writeBlockTrailer } from '../../src/base/block-trailer.js';
import { writeUint32 } from '../../src/base/bytes.js';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { BLOB_NUMBER, bytesOfBlob, fileSystemWith, openBlob, READ_MODES, writeBlob } from './blob-fixtures.js';

const VALUES = [Buffer.alloc(300, 'squeeze '), new Prng(3).fill(new Uint8Array(40)), Buffer.from('last')];

function isFair(error: unknown): boolean {
  return error instanceof CorruptionError || (error instanceof StemeError && error.code === 'STEME_UNSUPPORTED');
}

/** Reads all values: each is the truth, or a fair error. Returns how many were refused. */
function refusals(bytes: Uint8Array, readMode: 'mmap' | 'pread', what: string): number {
  let count = 0;
  const { references } = writeBlob(VALUES, 'lz4');
  for (const [i, reference] of references.entries()) {
    try {
      expect(openBlob(fileSystemWith(bytes), readMode).read(reference).equals(VALUES[i]), what).toBe(true);
    } catch (error) {
      if (!isFair(error)) throw error;
      count++;
    }
  }
  return count;
}

describe.each(READ_MODES)('a damaged blob file: %s', (readMode) => {
  const bytes = bytesOfBlob(writeBlob(VALUES, 'lz4').fileSystem);

  it('shows every flipped bit, and never a wrong value', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(refusals(damaged, readMode, `bit ${bit}`), `bit ${bit}`).toBeGreaterThan(0);
    }
  });

  it('shows every cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(refusals(bytes.subarray(0, length), readMode, `${length} bytes`), `${length} bytes`).toBeGreaterThan(0);
    }
  });

  it('takes no memory for what a checked value claims to be, unless it can be that', () => {
    const { references } = writeBlob(VALUES, 'lz4');
    const { offsetBytes, storedBytes } = references[0];
    for (const claimed of [0, 1, 299, 301, 0x7fffffff, 0xffffffff]) {
      const bad = Uint8Array.from(bytes);
      writeUint32(bad, offsetBytes, claimed);
      const content = bad.subarray(offsetBytes, offsetBytes + storedBytes);
      writeBlockTrailer(bad, offsetBytes + storedBytes, content, COMPRESSION_LZ4, BLOB_NUMBER, offsetBytes);
      expect(() => openBlob(fileSystemWith(bad), readMode).read(references[0]), String(claimed)).toThrow(
        CorruptionError,
      );
    }
    expect(offsetBytes + storedBytes + BLOCK_TRAILER_BYTES).toBe(references[1].offsetBytes);
  });
});
