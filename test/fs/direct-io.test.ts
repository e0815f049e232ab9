import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { allocatePageAlignedMemory, allocateSharedMemory } from '../../src/base/shared-memory.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';

const BLOCK = DIRECT_IO_BLOCK_BYTES;
const ALLOCATORS = [allocateSharedMemory, allocatePageAlignedMemory];

/** Writes four blocks directly in one call, rewrites the third, and reads the file back through an ordinary handle. */
async function roundTrip(
  fileSystem: FileSystem,
  path: string,
  allocate: (bytes: number) => ArrayBufferLike,
): Promise<void> {
  const memory = new Uint8Array(allocate(4 * BLOCK), 0, 4 * BLOCK);
  const expected = new Prng(7).fill(new Uint8Array(4 * BLOCK));
  await (await fileSystem.open(path, 'create')).close();
  const direct = await fileSystem.open(path, 'direct');
  memory.set(expected);
  await direct.write(memory, 0);
  memory.fill(9, 0, BLOCK);
  expected.fill(9, 2 * BLOCK, 3 * BLOCK);
  direct.writeSync(memory.subarray(0, BLOCK), 2 * BLOCK);
  expect(await direct.read(memory, 0)).toBe(4 * BLOCK);
  expect(Buffer.compare(memory, expected)).toBe(0);
  await direct.close();

  const ordinary = await fileSystem.open(path, 'read');
  const found = new Uint8Array(5 * BLOCK);
  expect(await ordinary.read(found, 0)).toBe(4 * BLOCK);
  expect(Buffer.compare(found.subarray(0, 4 * BLOCK), expected)).toBe(0);
  await ordinary.close();
}

describe('direct I/O', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it.each(ALLOCATORS)(
    'works on the real disk exactly where the probe says so, with memory of $name',
    async (allocate) => {
      const path = join(directory, 'file');
      if (await realFileSystem.probeDirect(directory)) await roundTrip(realFileSystem, path, allocate);
      else await expect(roundTrip(realFileSystem, path, allocate)).rejects.toMatchObject({ code: 'STEME_IO' });
    },
  );

  it('reads a file that does not end on a block up to its end', async () => {
    if (!(await realFileSystem.probeDirect(directory))) return;
    const path = join(directory, 'file');
    const writer = await realFileSystem.open(path, 'create');
    await writer.write(new Uint8Array(BLOCK + 100).fill(3), 0);
    await writer.close();
    const direct = await realFileSystem.open(path, 'direct');
    const memory = new Uint8Array(allocateSharedMemory(2 * BLOCK), 0, 2 * BLOCK);
    expect(await direct.read(memory, 0)).toBe(BLOCK + 100);
    expect(direct.readSync(memory, 0)).toBe(BLOCK + 100);
    await direct.close();
  });

  it.each(ALLOCATORS)('works in memory, with that of $name', async (allocate) => {
    await roundTrip(new MemoryFileSystem(), '/file', allocate);
  });

  it('is refused in memory where the option says so', async () => {
    const fileSystem = new MemoryFileSystem({ direct: false });
    expect(await fileSystem.probeDirect('/')).toBe(false);
    await expect(roundTrip(fileSystem, '/file', allocateSharedMemory)).rejects.toMatchObject({ code: 'STEME_IO' });
  });

  it('refuses memory, position or length that is not whole blocks', async () => {
    const fileSystem = new MemoryFileSystem();
    await (await fileSystem.open('/file', 'create')).close();
    const direct = await fileSystem.open('/file', 'direct');
    const shared = allocateSharedMemory(2 * BLOCK);
    const refused: [Uint8Array, number][] = [
      [new Uint8Array(shared, 512, BLOCK), 0],
      [new Uint8Array(shared, 0, 100), 0],
      [new Uint8Array(shared, 0, BLOCK), 512],
      [new Uint8Array(BLOCK), 0],
      [new Uint8Array(new SharedArrayBuffer(BLOCK)), 0],
    ];
    for (const [memory, position] of refused) {
      const error = await direct.write(memory, position).catch((reason: unknown) => reason);
      expect(systemCodeOf(error)).toBe('EINVAL');
      expect(() => direct.readSync(memory, position)).toThrow('EINVAL');
    }
    expect(await direct.sizeBytes()).toBe(0);
  });
});
