import type { DirectoryLock, FileHandle, FileMapping, FileSystem, OpenMode } from './file-system.js';

export interface LyingFileSystemOptions {
  /** Whether directories are not synced either, so that names are lost as well as bytes. Default `false`. */
  readonly liesOfDirectories?: boolean;
}

/**
 * A disk with a cache that it does not empty: it says that it has synced, and has only written. A killed process loses nothing on it;
 * a power loss takes what no disk may take, so no database keeps its promises there. For tests that must be able to fail: a check
 * that passes on such a disk, crashed by `crashClone`, checks nothing.
 */
export class LyingFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #liesOfDirectories: boolean;

  constructor(inner: FileSystem, { liesOfDirectories = false }: LyingFileSystemOptions = {}) {
    this.#inner = inner;
    this.#liesOfDirectories = liesOfDirectories;
  }

  get canMap(): boolean {
    return this.#inner.canMap;
  }

  freeBytes(directory: string): Promise<number | undefined> {
    return this.#inner.freeBytes(directory);
  }

  probeDirect(directory: string): Promise<boolean> {
    return this.#inner.probeDirect(directory);
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    return new LyingFileHandle(await this.#inner.open(path, mode === 'direct' ? 'update' : mode));
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    return new LyingFileHandle(this.#inner.openSync(path, mode === 'direct' ? 'update' : mode));
  }

  mapSync(path: string): FileMapping | undefined {
    return this.#inner.mapSync(path);
  }

  exists(path: string): Promise<boolean> {
    return this.#inner.exists(path);
  }

  statBytes(path: string): Promise<number | undefined> {
    return this.#inner.statBytes(path);
  }

  list(directory: string): Promise<string[]> {
    return this.#inner.list(directory);
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#inner.makeDirectory(directory);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to);
  }

  link(from: string, to: string): Promise<void> {
    return this.#inner.link(from, to);
  }

  removeDirectory(directory: string): Promise<void> {
    return this.#inner.removeDirectory(directory);
  }

  remove(path: string): Promise<void> {
    return this.#inner.remove(path);
  }

  removeSync(path: string): void {
    this.#inner.removeSync(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    if (!this.#liesOfDirectories) await this.#inner.syncDirectory(directory);
  }

  syncDirectorySync(directory: string): void {
    if (!this.#liesOfDirectories) this.#inner.syncDirectorySync(directory);
  }

  lock(directory: string): Promise<DirectoryLock> {
    return this.#inner.lock(directory);
  }
}

class LyingFileHandle implements FileHandle {
  readonly path: string;
  readonly #inner: FileHandle;

  constructor(inner: FileHandle) {
    this.path = inner.path;
    this.#inner = inner;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#inner.read(target, position);
  }

  readSync(target: Uint8Array, position: number): number {
    return this.#inner.readSync(target, position);
  }

  write(source: Uint8Array, position: number): Promise<void> {
    return this.#inner.write(source, position);
  }

  writeSync(source: Uint8Array, position: number): void {
    this.#inner.writeSync(source, position);
  }

  async datasync(): Promise<void> {}

  datasyncSync(): void {}

  sizeBytes(): Promise<number> {
    return this.#inner.sizeBytes();
  }

  sizeBytesSync(): number {
    return this.#inner.sizeBytesSync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#inner.truncate(sizeBytes);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  closeSync(): void {
    this.#inner.closeSync();
  }
}
