import { posix } from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { assert, StemeError } from '../base/errors.js';
import { Prng } from '../base/prng.js';
import type { DirectoryLock, FileHandle, FileMapping, FileSystem, OpenMode } from './file-system.js';
import { ioError, systemError } from './io-error.js';
import type { CopyNode, MemoryNode } from './memory-directory.js';
import { MemoryDirectory } from './memory-directory.js';
import { MemoryFile } from './memory-file.js';
import { MemoryFileHandle, type NextTurn } from './memory-file-handle.js';

export interface MemoryFileSystemOptions {
  /** `false`: `mapSync` returns undefined, as where the addon is missing. Default `true`. */
  readonly mmap?: boolean;
  /** `false`: `direct` handles are refused, as by a network file system. Default `true`. */
  readonly direct?: boolean;
  /** The lengths of all files together; a write past it throws `ENOSPC`. Default: no limit. */
  readonly capacityBytes?: number;
  /** When asynchronous calls return. Default: a turn of the event loop after they were made. */
  readonly nextTurn?: NextTurn;
}

/**
 * A file system in memory that knows what a crash takes. What `datasync` and `syncDirectory` covered is durable, and so is
 * a `direct` write that returned; `crashClone` keeps that and a seeded part of the rest. Directories too must be synced
 * into their parent. Paths are POSIX paths under `/`. Names move only within their directory.
 */
export class MemoryFileSystem implements FileSystem {
  /** May be changed at any time, as disks are emptied and filled by others. */
  capacityBytes: number | undefined;
  readonly #options: MemoryFileSystemOptions;
  readonly #nextTurn: NextTurn;
  #root = new MemoryDirectory();

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#options = options;
    this.#nextTurn = options.nextTurn ?? turnOfTheLoop;
    this.capacityBytes = options.capacityBytes;
  }

  /** What the next process finds after this one was killed: everything, with what is not durable still not durable. */
  clone(): MemoryFileSystem {
    return this.#cloneWith(
      (directory, copyNode) => directory.clone(copyNode),
      (file) => file.clone(),
    );
  }

  /** What the next process finds after the machine went down; one seed always leaves the same. Handles and locks stay behind. */
  crashClone(seed: number): MemoryFileSystem {
    const prng = new Prng(seed);
    return this.#cloneWith(
      (directory, copyNode) => directory.crashClone(prng, copyNode),
      (file) => file.crashClone(prng),
    );
  }

  /**
   * The same for two disks if the next process finds the same on both: names, and the bytes under them, by their hashes. How much
   * of it is durable has no part in it.
   */
  fingerprint(): string {
    return fingerprintOf(this.#root, new Map());
  }

  async probeDirect(directory: string): Promise<boolean> {
    await this.#nextTurn();
    return this.#options.direct !== false && this.#find(directory) instanceof MemoryDirectory;
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    const handle = this.openSync(path, mode);
    await this.#nextTurn();
    return handle;
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    if (mode === 'direct' && this.#options.direct === false) throw ioError('open', path, systemError('EINVAL'));
    const file = mode === 'create' ? this.#createFile(path) : this.#existingFile('open', path);
    return new MemoryFileHandle(path, mode, file, (growthBytes) => this.#grantGrowth(growthBytes), this.#nextTurn);
  }

  /** A copy of the file as it is now: a later change of it, which law 3 forbids, does not show. */
  async freeBytes(): Promise<number | undefined> {
    await Promise.resolve();
    return this.capacityBytes === undefined ? undefined : Math.max(0, this.capacityBytes - usedBytes(this.#root));
  }

  get canMap(): boolean {
    return this.#options.mmap !== false;
  }

  mapSync(path: string): FileMapping | undefined {
    if (this.#options.mmap === false) return undefined;
    const file = this.#existingFile('map', path);
    if (file.sizeBytes === 0) return undefined;
    file.isMapped = true;
    return { bytes: file.toBytes() };
  }

  async exists(path: string): Promise<boolean> {
    await this.#nextTurn();
    return this.#find(path) !== undefined;
  }

  async statBytes(path: string): Promise<number | undefined> {
    await this.#nextTurn();
    const node = this.#find(path);
    return node instanceof MemoryFile ? node.sizeBytes : undefined;
  }

  async list(directory: string): Promise<string[]> {
    await this.#nextTurn();
    return this.#directory('list', directory).names();
  }

  async makeDirectory(directory: string): Promise<void> {
    let parent = this.#root;
    for (const name of partsOf(directory)) {
      const found = parent.get(name);
      if (found instanceof MemoryFile) throw ioError('create directory', directory, systemError('ENOTDIR'));
      const next = found ?? new MemoryDirectory();
      if (found === undefined) parent.link(name, next);
      parent = next;
    }
    await this.#nextTurn();
  }

  async rename(from: string, to: string): Promise<void> {
    const verb = `rename to ${to}`;
    const source = this.#place(verb, from);
    const target = this.#place(verb, to);
    const node = source.directory.get(source.name);
    if (node === undefined) throw ioError(verb, from, systemError('ENOENT'));
    if (source.directory !== target.directory) throw ioError(verb, from, systemError('EXDEV'));
    if (target.directory.get(target.name) instanceof MemoryDirectory) throw ioError(verb, from, systemError('EISDIR'));
    source.directory.rename(source.name, target.name, node);
    await this.#nextTurn();
  }

  async link(from: string, to: string): Promise<void> {
    const verb = `link to ${to}`;
    const node = this.#find(from);
    const target = this.#place(verb, to);
    if (node === undefined) throw ioError(verb, from, systemError('ENOENT'));
    if (node instanceof MemoryDirectory) throw ioError(verb, from, systemError('EPERM'));
    if (target.directory.get(target.name) !== undefined) throw ioError(verb, from, systemError('EEXIST'));
    target.directory.link(target.name, node);
    await this.#nextTurn();
  }

  async remove(path: string): Promise<void> {
    this.removeSync(path);
    await this.#nextTurn();
  }

  removeSync(path: string): void {
    const node = this.#find(path);
    if (node === undefined) return;
    if (node instanceof MemoryDirectory) throw ioError('remove', path, systemError('EISDIR'));
    const { directory, name } = this.#place('remove', path);
    directory.unlink(name);
  }

  async removeDirectory(path: string): Promise<void> {
    if (this.#find(path) !== undefined) {
      if (this.#directory('remove', path).names().length > 0) throw ioError('remove', path, systemError('ENOTEMPTY'));
      const { directory, name } = this.#place('remove', path);
      directory.unlink(name);
    }
    await this.#nextTurn();
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = this.#directory('sync directory', path);
    const mark = directory.changeMark;
    await this.#nextTurn();
    directory.commit(mark);
  }

  syncDirectorySync(path: string): void {
    const directory = this.#directory('sync directory', path);
    directory.commit(directory.changeMark);
  }

  async lock(path: string): Promise<DirectoryLock> {
    const directory = this.#directory('lock', path);
    if (directory.isLocked)
      throw new StemeError('STEME_LOCKED', `${path} is open in this process: close it there first`);
    directory.isLocked = true;
    await this.#nextTurn();
    let released = false;
    return {
      release: async () => {
        if (!released) directory.isLocked = false;
        released = true;
        await this.#nextTurn();
      },
    };
  }

  #cloneWith(
    copyDirectory: (directory: MemoryDirectory, copyNode: CopyNode) => MemoryDirectory,
    copyFile: (file: MemoryFile) => MemoryFile,
  ): MemoryFileSystem {
    const copies = new Map<MemoryNode, MemoryNode>();
    const copyNode: CopyNode = (node) => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const copy = node instanceof MemoryFile ? copyFile(node) : copyDirectory(node, copyNode);
      copies.set(node, copy);
      return copy;
    };
    const clone = new MemoryFileSystem({ ...this.#options, capacityBytes: this.capacityBytes });
    clone.#root = copyDirectory(this.#root, copyNode);
    return clone;
  }

  #grantGrowth(growthBytes: number): number {
    if (growthBytes === 0 || this.capacityBytes === undefined) return growthBytes;
    return Math.min(growthBytes, Math.max(0, this.capacityBytes - usedBytes(this.#root)));
  }

  #createFile(path: string): MemoryFile {
    const { directory, name } = this.#place('open', path);
    const found = directory.get(name);
    if (found instanceof MemoryDirectory) throw ioError('open', path, systemError('EISDIR'));
    if (found === undefined) {
      const file = new MemoryFile();
      directory.link(name, file);
      return file;
    }
    assert(!found.isMapped, `law 3: ${path} is mapped and never emptied`);
    found.resize(0);
    return found;
  }

  #existingFile(verb: string, path: string): MemoryFile {
    const node = this.#find(path);
    if (node instanceof MemoryFile) return node;
    throw ioError(verb, path, systemError(node === undefined ? 'ENOENT' : 'EISDIR'));
  }

  #directory(verb: string, path: string): MemoryDirectory {
    const node = this.#find(path);
    if (node instanceof MemoryDirectory) return node;
    throw ioError(verb, path, systemError(node === undefined ? 'ENOENT' : 'ENOTDIR'));
  }

  #place(verb: string, path: string): { directory: MemoryDirectory; name: string } {
    const name = partsOf(path).at(-1);
    if (name === undefined) throw ioError(verb, path, systemError('EISDIR'));
    const directory = this.#find(posix.dirname(posix.resolve('/', path)));
    if (directory instanceof MemoryDirectory) return { directory, name };
    throw ioError(verb, path, systemError(directory === undefined ? 'ENOENT' : 'ENOTDIR'));
  }

  #find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root;
    for (const name of partsOf(path)) {
      if (!(node instanceof MemoryDirectory)) return undefined;
      node = node.get(name);
    }
    return node;
  }
}

/** Absolute, with no part that is empty or starts with a dot. */
const IS_PLAIN = /^(\/[^/.][^/]*)+$/;

function partsOf(path: string): string[] {
  // Most paths are plain already, and there is one with every call.
  const plain = IS_PLAIN.test(path) ? path : posix.resolve('/', path);
  return plain === '/' ? [] : plain.slice(1).split('/');
}

/** A file that has several names takes its room once. */
function usedBytes(directory: MemoryDirectory, counted = new Set<MemoryFile>()): number {
  let bytes = 0;
  for (const node of directory.nodes()) {
    if (node instanceof MemoryDirectory) bytes += usedBytes(node, counted);
    else if (!counted.has(node)) bytes += node.sizeBytes;
    if (node instanceof MemoryFile) counted.add(node);
  }
  return bytes;
}

/** No name has a slash in it, so that no two trees give the same text. A file of several names is told from several alike. */
function fingerprintOf(directory: MemoryDirectory, known: Map<MemoryFile, number>): string {
  let text = '';
  for (const name of directory.names()) {
    const node = directory.get(name);
    if (node instanceof MemoryDirectory) text += `${name}/{${fingerprintOf(node, known)}}`;
    else if (node !== undefined) {
      const number = known.get(node) ?? known.size;
      known.set(node, number);
      text += `${name}/${number}:${node.sizeBytes}:${node.digest}/`;
    }
  }
  return text;
}
