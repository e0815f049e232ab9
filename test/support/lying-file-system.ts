import type { DirectoryLock, FileHandle, FileMapping, FileSystem, OpenMode } from '../../src/fs/file-system.js';

/** A disk that says it has synced and has not: what it was asked to make durable is only written. For canaries. */
export class LyingFileSystem implements FileSystem {
  readonly #inner: FileSystem;

  constructor(inner: FileSystem) {
    this.#inner = inner;
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

  syncDirectory(directory: string): Promise<void> {
    return this.#inner.syncDirectory(directory);
  }

  syncDirectorySync(directory: string): void {
    this.#inner.syncDirectorySync(directory);
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
