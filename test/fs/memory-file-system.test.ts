import { describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

describe('the in-memory file system', () => {
  it('never completes an asynchronous call at once', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = await fileSystem.open('/file', 'create');
    const calls = [
      () => handle.write(new Uint8Array(1), 0),
      () => handle.read(new Uint8Array(1), 0),
      () => handle.datasync(),
      () => handle.sizeBytes(),
      () => fileSystem.syncDirectory('/'),
      () => fileSystem.exists('/file'),
    ];
    for (const call of calls) {
      let isDone = false;
      const ended = call().then(() => {
        isDone = true;
      });
      await Promise.resolve();
      expect(isDone).toBe(false);
      await ended;
    }
  });

  it('fails a write that the disk has no room for, and has room again after a removal', async () => {
    const fileSystem = new MemoryFileSystem({ capacityBytes: 1000 });
    const first = await fileSystem.open('/first', 'create');
    await first.write(new Uint8Array(600), 0);
    await first.write(new Uint8Array(600), 0);
    const second = await fileSystem.open('/second', 'create');
    const error = await second.write(new Uint8Array(600), 0).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STEME_IO', cause: { code: 'ENOSPC' } });
    expect(() => second.writeSync(new Uint8Array(1), 600)).toThrow('the disk is full');
    expect(systemCodeOf(await second.truncate(5000).catch((reason: unknown) => reason))).toBe('ENOSPC');
    await fileSystem.remove('/first');
    await second.write(new Uint8Array(600), 0);
  });

  it('charges a file with two names once, until both are gone', async () => {
    const fileSystem = new MemoryFileSystem({ capacityBytes: 1000 });
    const handle = await fileSystem.open('/first', 'create');
    await handle.write(new Uint8Array(600), 0);
    await fileSystem.link('/first', '/second');
    expect(await fileSystem.freeBytes()).toBe(400);
    await fileSystem.remove('/first');
    expect(await fileSystem.freeBytes()).toBe(400);
    await fileSystem.remove('/second');
    expect(await fileSystem.freeBytes()).toBe(1000);
  });

  it('takes as much of a write as fits before it fails', async () => {
    const fileSystem = new MemoryFileSystem({ capacityBytes: 100 });
    const handle = await fileSystem.open('/file', 'create');
    await expect(handle.write(new Uint8Array(150), 0)).rejects.toThrow('ENOSPC');
    expect(await handle.sizeBytes()).toBe(100);
    fileSystem.capacityBytes = undefined;
    await handle.write(new Uint8Array(150), 0);
    expect(await handle.sizeBytes()).toBe(150);
  });

  it('maps a snapshot, and nothing where the option says so', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = await fileSystem.open('/file', 'create');
    await handle.write(new Uint8Array([1, 2]), 0);
    const mapping = fileSystem.mapSync('/file');
    await handle.write(new Uint8Array([9]), 0);
    expect([...(mapping?.bytes ?? [])]).toEqual([1, 2]);
    const unmapped = new MemoryFileSystem({ mmap: false });
    unmapped.openSync('/file', 'create').writeSync(new Uint8Array(1), 0);
    expect(unmapped.mapSync('/file')).toBeUndefined();
  });

  it('reports the truncation of a mapped file as a breach of law 3', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = await fileSystem.open('/file', 'create');
    await handle.write(new Uint8Array(10), 0);
    fileSystem.mapSync('/file');
    await expect(handle.truncate(5)).rejects.toThrow('law 3');
    await expect(fileSystem.open('/file', 'create')).rejects.toThrow('law 3');
  });

  it('reports a buffer that changes while its write is in flight', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = await fileSystem.open('/file', 'create');
    const source = new Uint8Array(10);
    const write = handle.write(source, 0);
    source[3] = 1;
    await expect(write).rejects.toThrow('in flight');
  });

  it('holds a file of 64 MiB that was appended to in small writes', async () => {
    const fileSystem = new MemoryFileSystem();
    const handle = await fileSystem.open('/file', 'create');
    const piece = new Uint8Array(128 * 1024).fill(7);
    for (let at = 0; at < 64 * MIB; at += piece.length) {
      handle.writeSync(piece, at);
      handle.datasyncSync();
    }
    expect(await handle.sizeBytes()).toBe(64 * MIB);
    const last = new Uint8Array(1);
    handle.readSync(last, 64 * MIB - 1);
    expect(last[0]).toBe(7);
  });

  it('refuses to move a name to another directory', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('/a');
    fileSystem.openSync('/file', 'create').closeSync();
    const error = await fileSystem.rename('/file', '/a/file').catch((reason: unknown) => reason);
    expect(systemCodeOf(error)).toBe('EXDEV');
  });
});
