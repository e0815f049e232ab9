import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_TRAILER_BYTES, COMPRESSION_LZ4, writeBlockTrailer } from '../../src/base/block-trailer.js';
import { writeUint32 } from '../../src/base/bytes.js';
import { CorruptionError } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { readBlobReference, writeBlobReference } from '../../src/blob/blob-reference.js';
import {
  answerForRange,
  answerOf,
  fuzzRuns,
  guardedDisk,
  hostile,
  mutate,
  mutations,
  withinMemory,
} from '../support/fuzz.js';
import { BLOB_NUMBER, bytesOfBlob, fileSystemWith, openBlob, READ_MODES, writeBlob } from './blob-fixtures.js';

const VALUES = [Buffer.alloc(300, 'squeeze '), new Prng(3).fill(new Uint8Array(40)), Buffer.from('last')];

/** Reads all values: each is the truth, or a fair error. Returns how many were refused. */
function refusals(bytes: Uint8Array, readMode: 'mmap' | 'pread', what: string): number {
  let count = 0;
  const { references } = writeBlob(VALUES, 'lz4');
  for (const [i, reference] of references.entries()) {
    const answer = answerOf(() => openBlob(guardedDisk(fileSystemWith(bytes), 10), readMode).read(reference));
    if ('refused' in answer) count++;
    else expect(answer.value.equals(VALUES[i]), what).toBe(true);
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

describe.each(READ_MODES)('a blob file of any content: %s', (readMode) => {
  const bytes = bytesOfBlob(writeBlob(VALUES, 'lz4').fileSystem);

  it('gives the values that were written, or refuses', () => {
    const property = fc.property(mutations, (how) => {
      refusals(mutate(bytes, how), readMode, 'damage');
    });
    fc.assert(property, fuzzRuns(500));
  });

  it('gives a value of the length that its reference says where the checksums were made to fit, or refuses', () => {
    const { references } = writeBlob(VALUES, 'lz4');
    const property = fc.property(
      fc.constantFrom(...references),
      mutations,
      fc.nat(3),
      (reference, how, compression) => {
        const { offsetBytes, storedBytes } = reference;
        const bad = Uint8Array.from(bytes);
        const content = bad.subarray(offsetBytes, offsetBytes + storedBytes);
        content.set(mutate(content, how).subarray(0, storedBytes));
        writeBlockTrailer(bad, offsetBytes + storedBytes, content, compression, BLOB_NUMBER, offsetBytes);
        const answer = answerOf(() => openBlob(guardedDisk(fileSystemWith(bad), 10), readMode).read(reference));
        if ('value' in answer) expect(answer.value).toHaveLength(reference.valueBytes);
      },
    );
    fc.assert(property, fuzzRuns(500));
  });

  it('takes no memory for what a reference claims that the file cannot hold', () => {
    const [reference] = writeBlob(VALUES, 'lz4').references;
    const disk = fileSystemWith(bytes);
    for (const storedBytes of [bytes.length, 64 * MIB]) {
      for (const offsetBytes of [reference.offsetBytes, 2 ** 52]) {
        const claim = { ...reference, offsetBytes, storedBytes, valueBytes: 64 * MIB };
        const answer = withinMemory(MIB, () => answerOf(() => openBlob(guardedDisk(disk, 10), readMode).read(claim)));
        expect(answer).toHaveProperty('refused');
      }
    }
  });
});

describe('a reference of any content', () => {
  const [good] = writeBlob(VALUES, 'lz4').references.map((reference) => {
    const target = new Uint8Array(40);
    return target.slice(0, writeBlobReference(target, 0, reference));
  });

  it('names a value within the limits, or is refused', () => {
    const property = fc.property(hostile([good], 40), (content) => {
      const answer = answerForRange(content, readBlobReference);
      if (!('value' in answer)) return;
      const { storedBytes, valueBytes } = answer.value;
      expect(storedBytes).toBeGreaterThan(0);
      expect(valueBytes).toBeGreaterThanOrEqual(storedBytes);
      expect(valueBytes).toBeLessThanOrEqual(64 * MIB);
    });
    fc.assert(property, fuzzRuns(3000));
  });
});
