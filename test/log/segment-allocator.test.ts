import { describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { SegmentAllocator, type SegmentAllocatorOptions } from '../../src/log/segment-allocator.js';
import { memoryWith, readFile } from './log-bytes.js';

interface Setup {
  readonly allocator: SegmentAllocator;
  readonly warnings: unknown[];
}

function allocatorOn(fileSystem: FileSystem, options: Partial<SegmentAllocatorOptions> = {}): Setup {
  const warnings: unknown[] = [];
  let number = 10;
  const allocator = new SegmentAllocator({
    fileSystem,
    directory: '/db',
    allocateNumber: () => number++,
    segmentBytes: 4 * MIB,
    recycledMax: 2,
    initialBytes: 65_536,
    onWarning: (error) => warnings.push(error),
    ...options,
  });
  return { allocator, warnings };
}

/** Lets the background work go on until `isDone`; a test that waits for ever runs into its timeout. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a segment allocator without a spare', () => {
  it('makes a small segment of zeros and makes its name durable before it hands it out', async () => {
    const fileSystem = new TracingFileSystem(await memoryWith({}), '/db', DURABILITY_KINDS);
    const { allocator } = allocatorOn(fileSystem);
    expect(await allocator.take()).toEqual({ number: 10, path: '/db/000010.log', preallocatedBytes: 65_536 });
    expect(fileSystem.lines).toEqual([
      'open 000010.log create',
      'write 000010.log 0+65536',
      'datasync 000010.log',
      'sync-directory .',
    ]);
    expect(readFile(fileSystem, '/db/000010.log').equals(Buffer.alloc(65_536))).toBe(true);
  });

  it('fails when it cannot make one, and leaves no half of it behind', async () => {
    const memory = await memoryWith({});
    memory.capacityBytes = 1000;
    const { allocator } = allocatorOn(memory);
    const failure: unknown = await allocator.take().catch((error: unknown) => error);
    expect(systemCodeOf(failure)).toBe('ENOSPC');
    expect(await memory.list('/db')).toEqual([]);
  });
});

describe('a spare', () => {
  it('is made in the background, written in pieces, and becomes a segment by a rename that is durable', async () => {
    const fileSystem = new TracingFileSystem(await memoryWith({}), '/db', DURABILITY_KINDS);
    const { allocator } = allocatorOn(fileSystem);
    allocator.prepare();
    allocator.prepare();
    expect(allocator.hasSpare).toBe(false);
    await until(() => allocator.hasSpare);
    allocator.prepare();
    expect(await allocator.take()).toEqual({ number: 11, path: '/db/000011.log', preallocatedBytes: 4 * MIB });
    expect(fileSystem.lines).toEqual([
      'open 000010.recycled create',
      ...[0, 1, 2, 3].map((i) => `write 000010.recycled ${i * MIB}+${MIB}`),
      'datasync 000010.recycled',
      'rename 000010.recycled 000011.log',
      'sync-directory .',
    ]);
    expect(allocator.hasSpare).toBe(false);
  });

  it('becomes durable on the way, so that the log never waits behind all of it', async () => {
    const fileSystem = new TracingFileSystem(await memoryWith({}), '/db', DURABILITY_KINDS);
    const { allocator } = allocatorOn(fileSystem, { segmentBytes: 40 * MIB });
    allocator.prepare();
    await until(() => allocator.hasSpare);
    const writesBetweenSyncs = fileSystem.lines
      .join(' ')
      .split('datasync')
      .map((text) => text.split('write').length - 1);
    expect(writesBetweenSyncs).toEqual([16, 16, 8, 0]);
  });

  it('that is still being made does not hold up a take', async () => {
    const { allocator } = allocatorOn(await memoryWith({}));
    allocator.prepare();
    expect(await allocator.take()).toMatchObject({ number: 11, preallocatedBytes: 65_536 });
    await allocator.close();
  });

  it('that cannot be made is a warning, and segments are small as long as that lasts', async () => {
    const memory = await memoryWith({});
    const faulty = new FaultyFileSystem(memory, [{ kind: 'write', nth: 3, error: 'ENOSPC' }]);
    const { allocator, warnings } = allocatorOn(faulty);
    allocator.prepare();
    await until(() => warnings.length > 0);
    expect(systemCodeOf(warnings[0])).toBe('ENOSPC');
    expect(await memory.list('/db')).toEqual([]);
    // Not again and again with every write: that would be a warning each.
    allocator.prepare();
    expect(await allocator.take()).toMatchObject({ number: 11, preallocatedBytes: 65_536 });
    allocator.prepare();
    await until(() => allocator.hasSpare);
    expect(await allocator.take()).toMatchObject({ preallocatedBytes: 4 * MIB });
    expect(warnings).toHaveLength(1);
  });

  // Found on a disk of 24 MB: the spare took all of it, and the log, nearly empty, could not be written.
  it('is not made where it would take the room that records need', async () => {
    const memory = await memoryWith({});
    memory.capacityBytes = 8 * MIB - 1;
    const { allocator, warnings } = allocatorOn(memory);
    allocator.prepare();
    expect(await allocator.take()).toMatchObject({ preallocatedBytes: 65_536 });
    expect(allocator.hasSpare).toBe(false);
    expect(await memory.list('/db')).toEqual(['000011.log']);
    memory.capacityBytes += MIB;
    allocator.prepare();
    await until(() => allocator.hasSpare);
    expect(warnings).toEqual([]);
  });

  it('whose sync fails is not used', async () => {
    const fileSystem = new FaultyFileSystem(await memoryWith({}), [{ kind: 'datasync', nth: 1 }]);
    const { allocator, warnings } = allocatorOn(fileSystem);
    allocator.prepare();
    await until(() => warnings.length > 0);
    expect(allocator.hasSpare).toBe(false);
    expect(await fileSystem.list('/db')).toEqual([]);
  });

  it('whose new name cannot be made durable fails the take', async () => {
    const fileSystem = new FaultyFileSystem(await memoryWith({}), [{ kind: 'syncDirectory', nth: 1 }]);
    const { allocator } = allocatorOn(fileSystem);
    allocator.prepare();
    await until(() => allocator.hasSpare);
    await expect(allocator.take()).rejects.toMatchObject({ code: 'STEME_IO' });
  });

  it('is not made while so many segments are out that one will come back sooner', async () => {
    const { allocator } = allocatorOn(await memoryWith({}), { lentMax: 1 });
    const first = await allocator.take();
    await allocator.take();
    allocator.prepare();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(allocator.hasSpare).toBe(false);
    await allocator.retire(first.number);
    expect(allocator.hasSpare).toBe(true);
    expect(await allocator.take()).toMatchObject({ preallocatedBytes: 65_536 });
    allocator.prepare();
    expect(allocator.hasSpare).toBe(false);
  });

  it('is not made where the limit is none', async () => {
    const fileSystem = await memoryWith({ '/db/000003.log': new Uint8Array(100) });
    const { allocator } = allocatorOn(fileSystem, { recycledMax: 0 });
    allocator.prepare();
    await allocator.retire(3);
    await allocator.close();
    expect(await fileSystem.list('/db')).toEqual([]);
  });
});

describe('a retired segment', () => {
  it('is kept under another name with all its space, up to the limit, and then removed', async () => {
    const segment = new Uint8Array(100_000).fill(7);
    const numbers = [1, 2, 3, 4];
    const fileSystem = await memoryWith(Object.fromEntries(numbers.map((n) => [`/db/00000${n}.log`, segment])));
    const { allocator } = allocatorOn(fileSystem);
    await Promise.all(numbers.map((number) => allocator.retire(number)));
    expect(await fileSystem.list('/db')).toEqual(['000001.recycled', '000002.recycled']);
    expect(await allocator.take()).toMatchObject({ number: 10, preallocatedBytes: 100_000 });
    expect(await allocator.take()).toMatchObject({ number: 11, preallocatedBytes: 100_000 });
    expect(await fileSystem.list('/db')).toEqual(['000010.log', '000011.log']);
  });

  it('is durable before it is used again: a process that was killed while it made one left it to the page cache', async () => {
    const fileSystem = await memoryWith({});
    const handle = fileSystem.openSync('/db/000003.log', 'create');
    handle.writeSync(new Uint8Array(4096), 0);
    handle.closeSync();
    const killed = fileSystem.clone();
    const { allocator } = allocatorOn(killed);
    await allocator.retire(3);
    const { path } = await allocator.take();
    for (let seed = 0; seed < 10; seed++) expect(await killed.crashClone(seed).statBytes(path)).toBe(4096);
  });

  it('can be retired again after a crash that undid the rename', async () => {
    const before = await memoryWith({ '/db/000001.log': new Uint8Array(100) });
    await allocatorOn(before).allocator.retire(1);
    const names = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const crashed = before.crashClone(seed);
      const [name] = await crashed.list('/db');
      names.add(name);
      const { allocator } = allocatorOn(crashed);
      if (name === '000001.log') await allocator.retire(1);
      else await allocator.adopt([1]);
      expect(await allocator.take()).toMatchObject({ preallocatedBytes: 100 });
    }
    expect([...names].sort()).toEqual(['000001.log', '000001.recycled']);
  });
});

describe('spares of an earlier opener', () => {
  it('are taken over up to the limit; the others, and empty ones, are removed', async () => {
    const files = { '/db/000003.recycled': new Uint8Array(0), '/db/000004.recycled': new Uint8Array(400) };
    const more = { '/db/000005.recycled': new Uint8Array(500), '/db/000006.recycled': new Uint8Array(600) };
    const fileSystem = await memoryWith({ ...files, ...more });
    const { allocator } = allocatorOn(fileSystem);
    await allocator.adopt([3, 4, 5, 6, 7]);
    expect(await fileSystem.list('/db')).toEqual(['000004.recycled', '000005.recycled']);
    expect(allocator.hasSpare).toBe(true);
  });

  it('are made durable: a process that was killed while it made one has left it to the page cache', async () => {
    const fileSystem = await memoryWith({});
    const handle = fileSystem.openSync('/db/000003.recycled', 'create');
    handle.writeSync(new Uint8Array(4096), 0);
    handle.closeSync();
    const killed = fileSystem.clone();
    const { allocator } = allocatorOn(killed);
    await allocator.adopt([3]);
    const { path } = await allocator.take();
    for (let seed = 0; seed < 10; seed++) expect(await killed.crashClone(seed).statBytes(path)).toBe(4096);
  });
});

describe('closing', () => {
  it('removes all spares and leaves segments alone', async () => {
    const files = { '/db/000003.recycled': new Uint8Array(300), '/db/000004.log': new Uint8Array(400) };
    const fileSystem = await memoryWith(files);
    const { allocator } = allocatorOn(fileSystem);
    await allocator.adopt([3]);
    await allocator.take();
    allocator.prepare();
    await until(() => allocator.hasSpare);
    await allocator.close();
    expect(await fileSystem.list('/db')).toEqual(['000004.log', '000010.log']);
    await expect(allocator.take()).rejects.toThrow(/closed allocator/);
  });

  it('ends a spare that is being made, without a warning', async () => {
    const fileSystem = await memoryWith({});
    const { allocator, warnings } = allocatorOn(fileSystem, { segmentBytes: 1000 * MIB });
    allocator.prepare();
    await allocator.close();
    allocator.prepare();
    expect(await fileSystem.list('/db')).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('does not cut short a segment that is being taken', async () => {
    const fileSystem = await memoryWith({});
    const { allocator } = allocatorOn(fileSystem, { initialBytes: 3 * MIB });
    const taken = allocator.take();
    await allocator.close();
    const { path, preallocatedBytes } = await taken;
    expect(await fileSystem.statBytes(path)).toBe(preallocatedBytes);
  });
});
