import type { AfterOperation, BeforeOperation, FileOperation, OperationHooks } from './file-operation.js';
import { announced, announcedSync } from './file-operation.js';
import type { DirectoryLock, FileHandle, FileMapping, FileSystem, OpenMode } from './file-system.js';
import { InterceptedFileHandle } from './intercepted-file-handle.js';

/** `inner` with every call announced to `before` and, when it succeeded, to `after`. `probeDirect` passes unseen. */
export function interceptFileSystem(inner: FileSystem, before: BeforeOperation, after?: AfterOperation): FileSystem {
  return new InterceptedFileSystem(inner, { before, after });
}

/** See `interceptFileSystem`; a class for those that intercept by being a file system themselves. */
export class InterceptedFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #hooks: OperationHooks;

  constructor(inner: FileSystem, hooks: OperationHooks) {
    this.#inner = inner;
    this.#hooks = hooks;
  }

  probeDirect(directory: string): Promise<boolean> {
    return this.#inner.probeDirect(directory);
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    const handle = await announced(this.#hooks, { kind: 'open', path, mode }, () => this.#inner.open(path, mode));
    return new InterceptedFileHandle(handle, mode, this.#hooks);
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    const handle = announcedSync(this.#hooks, { kind: 'open', path, mode }, () => this.#inner.openSync(path, mode));
    return new InterceptedFileHandle(handle, mode, this.#hooks);
  }

  get canMap(): boolean {
    return this.#inner.canMap;
  }

  mapSync(path: string): FileMapping | undefined {
    const operation: FileOperation = { kind: 'map', path };
    this.#hooks.before(operation);
    const mapping = this.#inner.mapSync(path);
    if (mapping === undefined) return undefined;
    const replaced = this.#hooks.after?.(operation, mapping.bytes);
    return replaced === undefined ? mapping : { bytes: replaced };
  }

  freeBytes(directory: string): Promise<number | undefined> {
    return this.#inner.freeBytes(directory);
  }

  exists(path: string): Promise<boolean> {
    return announced(this.#hooks, { kind: 'stat', path }, () => this.#inner.exists(path));
  }

  statBytes(path: string): Promise<number | undefined> {
    return announced(this.#hooks, { kind: 'stat', path }, () => this.#inner.statBytes(path));
  }

  list(directory: string): Promise<string[]> {
    return announced(this.#hooks, { kind: 'list', path: directory }, () => this.#inner.list(directory));
  }

  makeDirectory(directory: string): Promise<void> {
    return announced(this.#hooks, { kind: 'mkdir', path: directory }, () => this.#inner.makeDirectory(directory));
  }

  rename(from: string, to: string): Promise<void> {
    return announced(this.#hooks, { kind: 'rename', path: from, to }, () => this.#inner.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return announced(this.#hooks, { kind: 'link', path: from, to }, () => this.#inner.link(from, to));
  }

  remove(path: string): Promise<void> {
    return announced(this.#hooks, { kind: 'remove', path }, () => this.#inner.remove(path));
  }

  removeSync(path: string): void {
    announcedSync(this.#hooks, { kind: 'remove', path }, () => this.#inner.removeSync(path));
  }

  /** Announced as a `remove`, like that of a file. */
  removeDirectory(directory: string): Promise<void> {
    const operation: FileOperation = { kind: 'remove', path: directory };
    return announced(this.#hooks, operation, () => this.#inner.removeDirectory(directory));
  }

  syncDirectory(directory: string): Promise<void> {
    return announced(this.#hooks, { kind: 'syncDirectory', path: directory }, () =>
      this.#inner.syncDirectory(directory),
    );
  }

  syncDirectorySync(directory: string): void {
    announcedSync(this.#hooks, { kind: 'syncDirectory', path: directory }, () =>
      this.#inner.syncDirectorySync(directory),
    );
  }

  lock(directory: string): Promise<DirectoryLock> {
    return announced(this.#hooks, { kind: 'lock', path: directory }, () => this.#inner.lock(directory));
  }
}
