import { describe, expect, it } from 'vitest';
import { BlobCache } from '../../src/blob/blob-cache.js';
import { BLOB_REFERENCE_BYTES_MAX, type BlobReference, writeBlobReference } from '../../src/blob/blob-reference.js';
import { BlobWriter } from '../../src/blob/blob-writer.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code } from '../support/test-database.js';

const NUMBERS = [1, 2, 3, 4];

function rig(openBlobsMax: number) {
  const memory = new MemoryFileSystem();
  const references = NUMBERS.map((number): BlobReference => {
    const path = `/00000${number}.blob`;
    const writer = new BlobWriter({ fileSystem: memory, path, number, compression: 'none' });
    const reference = writer.append(Buffer.from(`value ${number}`));
    writer.finish();
    return reference;
  });
  const cache = new BlobCache({ fileSystem: memory, directory: '/', readMode: 'pread', openBlobsMax });
  return { memory, cache, references };
}

describe('the open blob files', () => {
  it('are found by an encoded reference, and never more than allowed', () => {
    const { cache, references } = rig(2);
    const target = new Uint8Array(BLOB_REFERENCE_BYTES_MAX);
    for (let round = 0; round < 3; round++) {
      for (const reference of references) {
        const end = writeBlobReference(target, 0, reference);
        expect(cache.readSync(target, 0, end).toString()).toBe(`value ${reference.number}`);
        expect(cache.openBlobCount).toBeLessThanOrEqual(2);
      }
    }
  });

  it('let go of the one that was not asked for for the longest', async () => {
    const { cache, references, memory } = rig(2);
    const [one, two, three] = references;
    for (const reference of [one, two, one, three]) cache.read(reference);
    for (const number of NUMBERS) await memory.remove(`/00000${number}.blob`);
    expect(cache.read(one).toString()).toBe('value 1');
    expect(cache.read(three).toString()).toBe('value 3');
    expect(() => cache.read(two)).toThrow(code('STEME_IO'));
  });

  it('are closed when they are evicted, and all at the end', async () => {
    const { cache, references, memory } = rig(4);
    for (const reference of references) cache.read(reference);
    cache.evict(1);
    cache.evict(9);
    expect(cache.openBlobCount).toBe(3);
    await memory.remove('/000001.blob');
    expect(() => cache.read(references[0])).toThrow(code('STEME_IO'));
    cache.close();
    expect(cache.openBlobCount).toBe(0);
  });
});
