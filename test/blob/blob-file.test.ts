import { describe, expect, it } from 'vitest';
import { writeUint32 } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/checksum.js';
import { CorruptionError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { BLOB_HEADER_BYTES, BLOB_HEADER_BYTES_PLAIN } from '../../src/blob/blob-format.js';
import { BlobReader } from '../../src/blob/blob-reader.js';
import { BlobWriter } from '../../src/blob/blob-writer.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code } from '../support/test-database.js';
import {
  BLOB_NUMBER,
  BLOB_PATH,
  bytesOfBlob,
  fileSystemWith,
  openBlob,
  READ_MODES,
  writeBlob,
} from './blob-fixtures.js';

const NOISE = new Prng(1).fill(new Uint8Array(5000));
const VALUES = [Buffer.alloc(100_000, 'compress me '), NOISE, Buffer.from('x'), Buffer.alloc(3 * 1024 * 1024, 7)];

describe('a blob file', () => {
  it.each(READ_MODES)('gives back each value in memory of the caller, compressed or not: %s', (readMode) => {
    for (const compression of ['lz4', 'none'] as const) {
      const { fileSystem, references } = writeBlob(VALUES, compression);
      const reader = openBlob(fileSystem, readMode);
      for (const [i, reference] of references.entries()) {
        const value = reader.read(reference);
        expect(value.equals(VALUES[i]), `${compression} ${i}`).toBe(true);
        value.fill(0);
        expect(reader.read(reference).equals(VALUES[i]), 'the file is not what was written into').toBe(true);
      }
      reader.close();
    }
  });

  it('compresses only what gets smaller, and knows its values as the user wrote them', () => {
    const { references, metadata, fileSystem } = writeBlob(VALUES, 'lz4');
    expect(references[0].storedBytes).toBeLessThan(10_000);
    expect(references[1]).toMatchObject({ storedBytes: 5000, valueBytes: 5000 });
    const valueBytes = VALUES.reduce((sum, value) => sum + value.length, 0);
    const fileBytes = bytesOfBlob(fileSystem).length;
    expect(metadata).toEqual({ number: BLOB_NUMBER, fileBytes, valueCount: VALUES.length, valueBytes });
  });

  it.each(READ_MODES)('refuses a reference to another place, another length, or past its end: %s', (readMode) => {
    const { fileSystem, references } = writeBlob([NOISE, NOISE], 'none');
    const reader = openBlob(fileSystem, readMode);
    const [first] = references;
    const bad = [
      { ...first, offsetBytes: first.offsetBytes + 1 },
      { ...first, storedBytes: 4999, valueBytes: 4999 },
      { ...first, valueBytes: 5001 },
      { ...first, offsetBytes: 1_000_000 },
      { ...first, offsetBytes: Number.MAX_SAFE_INTEGER },
      { ...first, storedBytes: 60_000_000, valueBytes: 60_000_000 },
    ];
    for (const reference of bad) {
      expect(() => reader.read(reference), JSON.stringify(reference)).toThrow(CorruptionError);
    }
  });

  it('names the file and the offset of a damaged value', () => {
    const { fileSystem, references } = writeBlob([NOISE, NOISE], 'none');
    const bytes = bytesOfBlob(fileSystem);
    bytes[references[1].offsetBytes + 77] ^= 4;
    const reader = openBlob(fileSystemWith(bytes));
    expect(reader.read(references[0]).equals(NOISE)).toBe(true);
    const damage = expect.objectContaining({ file: BLOB_PATH, offsetBytes: references[1].offsetBytes });
    expect(() => reader.read(references[1])).toThrow(expect.objectContaining({ damage }));
  });

  it('is not taken for another file of the same content', () => {
    const { fileSystem } = writeBlob([NOISE], 'none');
    expect(() => openBlob(fileSystem, 'pread', BLOB_NUMBER + 1)).toThrow('blob file 8');
  });

  it('of a later format is told from a damaged one', () => {
    const bytes = bytesOfBlob(writeBlob([NOISE], 'none').fileSystem);
    bytes[8] = 3;
    expect(() => openBlob(fileSystemWith(bytes))).toThrow(CorruptionError);
    writeUint32(bytes, BLOB_HEADER_BYTES_PLAIN - 4, crc32c(bytes.subarray(0, BLOB_HEADER_BYTES_PLAIN - 4)));
    expect(() => openBlob(fileSystemWith(bytes))).toThrow(code('STEME_UNSUPPORTED'));
  });

  it('says which database wrote it, and is not taken for that of another one', () => {
    const fileSystem = new MemoryFileSystem();
    const path = BLOB_PATH;
    const writer = new BlobWriter({ fileSystem, path, number: BLOB_NUMBER, compression: 'none', databaseId: 5 });
    const reference = writer.append(NOISE);
    expect(writer.finish()).toMatchObject({ databaseId: 5 });
    const read = (databaseId: number | undefined) =>
      new BlobReader({ fileSystem, path, number: BLOB_NUMBER, databaseId, readMode: 'pread' }).read(reference);
    expect(read(5).equals(NOISE)).toBe(true);
    expect(read(undefined).equals(NOISE)).toBe(true);
    expect(() => read(6)).toThrow('a blob file of database 6, found one of 5');
    for (let length = 0; length < BLOB_HEADER_BYTES; length++) {
      const cut = bytesOfBlob(fileSystem).subarray(0, length);
      expect(() => openBlob(fileSystemWith(cut)), String(length)).toThrow(CorruptionError);
    }
  });

  it('that is cut short, to nothing even, is damage', () => {
    for (const length of [0, 1, BLOB_HEADER_BYTES_PLAIN - 1]) {
      const bytes = bytesOfBlob(writeBlob([NOISE], 'none').fileSystem).subarray(0, length);
      expect(() => openBlob(fileSystemWith(bytes)), String(length)).toThrow(CorruptionError);
    }
  });

  it('is gone when its writer gives up', async () => {
    const { fileSystem } = writeBlob([NOISE], 'none');
    const writer = new BlobWriter({ fileSystem, path: '/000008.blob', number: 8, compression: 'none' });
    writer.append(NOISE);
    writer.abandon();
    expect(await fileSystem.exists('/000008.blob')).toBe(false);
  });
});
