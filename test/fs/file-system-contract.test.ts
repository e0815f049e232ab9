import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StemeError, systemCodeOf } from '../../src/base/errors.js';
import { MIB } from '../../src/base/limits.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';

interface Place {
  readonly fileSystem: FileSystem;
  readonly directory: string;
}

async function memoryPlace(): Promise<Place> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory('/db');
  return { fileSystem, directory: '/db' };
}

async function realPlace(): Promise<Place> {
  return { fileSystem: realFileSystem, directory: await mkdtemp(join(tmpdir(), 'stemedb-')) };
}

async function interceptedPlace(): Promise<Place> {
  const { fileSystem, directory } = await memoryPlace();
  return { fileSystem: interceptFileSystem(fileSystem, () => {}), directory };
}

/** The error of a call that must fail with STEME_IO. */
async function ioErrorOf(call: () => unknown): Promise<StemeError> {
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toMatchObject({ name: 'StemeError', code: 'STEME_IO' });
  return error as StemeError;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (source: Uint8Array) => new TextDecoder().decode(source);

describe.each([
  ['the real file system', realPlace],
  ['the in-memory file system', memoryPlace],
  ['an intercepted file system', interceptedPlace],
])('%s keeps the contract', (_, makePlace) => {
  let fileSystem: FileSystem;
  let directory: string;
  let path: string;

  beforeEach(async () => {
    ({ fileSystem, directory } = await makePlace());
    path = join(directory, 'file');
  });

  afterEach(async () => {
    if (fileSystem === realFileSystem) await rm(directory, { recursive: true, force: true });
  });

  async function writeFile(name: string, content: string): Promise<string> {
    const file = join(directory, name);
    const handle = await fileSystem.open(file, 'create');
    await handle.write(bytes(content), 0);
    await handle.close();
    return file;
  }

  async function readFile(file: string): Promise<string> {
    const handle = await fileSystem.open(file, 'read');
    const target = new Uint8Array(await handle.sizeBytes());
    expect(await handle.read(target, 0)).toBe(target.length);
    await handle.close();
    return text(target);
  }

  it('reads back what was written, by both halves', async () => {
    const handle = await fileSystem.open(path, 'create');
    await handle.write(bytes('hello '), 0);
    handle.writeSync(bytes('world'), 6);
    await handle.datasync();
    handle.datasyncSync();
    expect(await handle.sizeBytes()).toBe(11);
    expect(handle.sizeBytesSync()).toBe(11);
    const target = new Uint8Array(11);
    expect(await handle.read(target, 0)).toBe(11);
    expect(text(target)).toBe('hello world');
    expect(handle.readSync(target, 6)).toBe(5);
    expect(text(target.subarray(0, 5))).toBe('world');
    await handle.close();
  });

  it('reads fewer bytes only at the end of the file', async () => {
    const handle = await fileSystem.open(await writeFile('file', '0123456789'), 'read');
    const target = new Uint8Array(8);
    expect(await handle.read(target, 4)).toBe(6);
    expect(handle.readSync(target, 9)).toBe(1);
    expect(await handle.read(target, 10)).toBe(0);
    expect(handle.readSync(target, 1000)).toBe(0);
    expect(await handle.read(new Uint8Array(0), 0)).toBe(0);
    handle.closeSync();
  });

  it('writes shared memory and views with an offset', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 4);
    shared.set(bytes('abcd'));
    const handle = fileSystem.openSync(path, 'create');
    await handle.write(shared, 0);
    handle.writeSync(shared, 4);
    const target = new Uint8Array(new SharedArrayBuffer(64), 16, 8);
    expect(await handle.read(target, 0)).toBe(8);
    expect(String.fromCharCode(...target)).toBe('abcdabcd');
    await handle.close();
  });

  it('fills a gap before a write with zeros', async () => {
    const handle = await fileSystem.open(path, 'create');
    await handle.write(bytes('x'), 5);
    const target = new Uint8Array(6).fill(1);
    expect(await handle.read(target, 0)).toBe(6);
    expect([...target]).toEqual([0, 0, 0, 0, 0, 120]);
    await handle.close();
  });

  it('empties an existing file in create mode, and keeps it in update mode', async () => {
    await writeFile('file', 'old content');
    const updated = await fileSystem.open(path, 'update');
    await updated.write(bytes('new'), 0);
    await updated.close();
    expect(await readFile(path)).toBe('new content');
    await (await fileSystem.open(path, 'create')).close();
    expect(await fileSystem.statBytes(path)).toBe(0);
  });

  it('reads zeros where a truncated file grew again', async () => {
    const handle = fileSystem.openSync(await writeFile('file', 'abcdef'), 'update');
    await handle.truncate(2);
    expect(handle.sizeBytesSync()).toBe(2);
    await handle.truncate(4);
    const target = new Uint8Array(9);
    expect(await handle.read(target, 0)).toBe(4);
    expect([...target.subarray(0, 4)]).toEqual([97, 98, 0, 0]);
    await handle.close();
  });

  it('refuses to open what is not there, naming the path and the reason', async () => {
    for (const mode of ['read', 'update'] as const) {
      const error = await ioErrorOf(() => fileSystem.open(path, mode));
      expect(systemCodeOf(error)).toBe('ENOENT');
      expect(error.message).toContain(`cannot open ${path}: it does not exist`);
      expect(systemCodeOf(await ioErrorOf(() => fileSystem.openSync(path, mode)))).toBe('ENOENT');
    }
    const orphan = join(directory, 'absent', 'file');
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.open(orphan, 'create')))).toBe('ENOENT');
  });

  it('refuses to write through a handle that reads', async () => {
    const handle = await fileSystem.open(await writeFile('file', 'a'), 'read');
    await ioErrorOf(() => handle.write(bytes('b'), 0));
    await ioErrorOf(() => handle.writeSync(bytes('b'), 0));
    await ioErrorOf(() => handle.truncate(0));
    await handle.close();
    expect(await readFile(path)).toBe('a');
  });

  it('closes once and for all: closing again does nothing, using it is a bug', async () => {
    const handle = await fileSystem.open(path, 'create');
    await handle.close();
    await handle.close();
    handle.closeSync();
    await expect(handle.write(bytes('a'), 0)).rejects.toThrow('only while it is open');
    expect(() => handle.readSync(new Uint8Array(1), 0)).toThrow('only while it is open');
  });

  it('finishes the calls in flight before it closes', async () => {
    const handle = await fileSystem.open(path, 'create');
    let ended = 0;
    const end = () => {
      ended++;
    };
    const writes = [handle.write(new Uint8Array(32 * MIB), 0).then(end), handle.write(new Uint8Array(1), 0).then(end)];
    await handle.close();
    expect(ended).toBe(2);
    await Promise.all(writes);
    expect(await fileSystem.statBytes(path)).toBe(32 * MIB);
  });

  it('knows what exists and how long it is', async () => {
    await writeFile('file', 'abc');
    expect(await fileSystem.exists(path)).toBe(true);
    expect(await fileSystem.statBytes(path)).toBe(3);
    expect(await fileSystem.exists(directory)).toBe(true);
    expect(await fileSystem.statBytes(directory)).toBeUndefined();
    for (const absent of [join(directory, 'absent'), join(path, 'below-a-file')]) {
      expect(await fileSystem.exists(absent)).toBe(false);
      expect(await fileSystem.statBytes(absent)).toBeUndefined();
    }
  });

  it('lists names sorted', async () => {
    for (const name of ['b', 'a', 'C', '10', '9']) await writeFile(name, '');
    expect(await fileSystem.list(directory)).toEqual(['10', '9', 'C', 'a', 'b']);
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.list(join(directory, 'absent'))))).toBe('ENOENT');
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.list(join(directory, 'a'))))).toBe('ENOTDIR');
  });

  it('creates a directory with its parents, and again without complaint', async () => {
    const deep = join(directory, 'x', 'y', 'z');
    await fileSystem.makeDirectory(deep);
    await fileSystem.makeDirectory(deep);
    expect(await fileSystem.list(join(directory, 'x'))).toEqual(['y']);
    await fileSystem.syncDirectory(deep);
    fileSystem.syncDirectorySync(deep);
    await writeFile('file', '');
    await ioErrorOf(() => fileSystem.makeDirectory(join(path, 'below-a-file')));
    await ioErrorOf(() => fileSystem.syncDirectory(join(directory, 'absent')));
  });

  it('renames over what is there', async () => {
    await writeFile('from', 'new');
    await writeFile('to', 'old');
    await fileSystem.rename(join(directory, 'from'), join(directory, 'to'));
    expect(await fileSystem.list(directory)).toEqual(['to']);
    expect(await readFile(join(directory, 'to'))).toBe('new');
    const error = await ioErrorOf(() => fileSystem.rename(join(directory, 'from'), join(directory, 'to')));
    expect(systemCodeOf(error)).toBe('ENOENT');
  });

  it('gives a file a second name, which is as good as the first', async () => {
    await fileSystem.makeDirectory(join(directory, 'other'));
    await writeFile('file', 'shared');
    const second = join(directory, 'other', 'second');
    await fileSystem.link(path, second);
    expect(await readFile(second)).toBe('shared');
    await fileSystem.remove(path);
    expect(await readFile(second)).toBe('shared');
    expect(await fileSystem.list(directory)).toEqual(['other']);
  });

  it('refuses a second name that is taken, of nothing, or nowhere', async () => {
    await writeFile('file', 'a');
    await writeFile('taken', 'b');
    const taken = await ioErrorOf(() => fileSystem.link(path, join(directory, 'taken')));
    expect(systemCodeOf(taken)).toBe('EEXIST');
    expect(taken.message).toContain(path);
    const links = [
      [join(directory, 'absent'), join(directory, 'new')],
      [path, join(directory, 'absent', 'new')],
    ];
    for (const [from, to] of links) {
      expect(systemCodeOf(await ioErrorOf(() => fileSystem.link(from, to)))).toBe('ENOENT');
    }
    await ioErrorOf(() => fileSystem.link(directory, join(directory, 'new')));
    expect(await readFile(join(directory, 'taken'))).toBe('b');
    expect(await fileSystem.list(directory)).toEqual(['file', 'taken']);
  });

  it('removes an empty directory, and one that is gone', async () => {
    const inner = join(directory, 'inner');
    await fileSystem.makeDirectory(inner);
    await writeFile('inner/file', 'a');
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.removeDirectory(inner)))).toBe('ENOTEMPTY');
    await fileSystem.remove(join(inner, 'file'));
    await fileSystem.removeDirectory(inner);
    await fileSystem.removeDirectory(inner);
    expect(await fileSystem.list(directory)).toEqual([]);
    await ioErrorOf(async () => fileSystem.removeDirectory(await writeFile('file', '')));
  });

  it('removes a file, and a file that is gone', async () => {
    await writeFile('a', '');
    await writeFile('b', '');
    await fileSystem.remove(join(directory, 'a'));
    await fileSystem.remove(join(directory, 'a'));
    fileSystem.removeSync(join(directory, 'b'));
    fileSystem.removeSync(join(directory, 'b'));
    expect(await fileSystem.list(directory)).toEqual([]);
    await ioErrorOf(() => fileSystem.remove(directory));
  });

  it('keeps a removed file for the handles that are open on it', async () => {
    const handle = await fileSystem.open(await writeFile('file', 'abc'), 'read');
    await fileSystem.remove(path);
    const target = new Uint8Array(3);
    expect(await handle.read(target, 0)).toBe(3);
    expect(text(target)).toBe('abc');
    await handle.close();
  });

  it('maps a whole file, and nothing of an empty one', async () => {
    await writeFile('file', 'mapped bytes');
    const mapping = fileSystem.mapSync(path);
    expect(mapping && text(mapping.bytes)).toBe('mapped bytes');
    expect(fileSystem.mapSync(await writeFile('empty', ''))).toBeUndefined();
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.mapSync(join(directory, 'absent'))))).toBe('ENOENT');
  });

  it('probes for direct I/O without leaving a trace, and says no where there is no directory', async () => {
    expect(typeof (await fileSystem.probeDirect(directory))).toBe('boolean');
    expect(await fileSystem.list(directory)).toEqual([]);
    expect(await fileSystem.probeDirect(join(directory, 'absent'))).toBe(false);
  });

  it('locks a directory for one opener at a time', async () => {
    const lock = await fileSystem.lock(directory);
    await expect(fileSystem.lock(directory)).rejects.toMatchObject({ code: 'STEME_LOCKED' });
    await lock.release();
    await lock.release();
    const next = await fileSystem.lock(directory);
    await lock.release();
    await expect(fileSystem.lock(directory)).rejects.toMatchObject({ code: 'STEME_LOCKED' });
    await next.release();
    expect(await fileSystem.list(directory)).toEqual([]);
    expect(systemCodeOf(await ioErrorOf(() => fileSystem.lock(join(directory, 'absent'))))).toBe('ENOENT');
  });
});
