import type { FileOperation, FileOperationKind, OperationHooks } from './file-operation.js';
import { announced, announcedSync, CutWriteError } from './file-operation.js';
import type { FileHandle, OpenMode } from './file-system.js';

/** A handle whose calls are announced; see `interceptFileSystem`. */
export class InterceptedFileHandle implements FileHandle {
  readonly path: string;
  readonly #inner: FileHandle;
  readonly #mode: OpenMode;
  readonly #hooks: OperationHooks;

  constructor(inner: FileHandle, mode: OpenMode, hooks: OperationHooks) {
    this.path = inner.path;
    this.#inner = inner;
    this.#mode = mode;
    this.#hooks = hooks;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const operation = this.#transfer('read', target, position);
    if (this.#hooks.hold !== undefined) await this.#hooks.hold(operation);
    this.#hooks.before(operation);
    const bytes = await this.#inner.read(target, position);
    this.#hooks.after?.(operation, target.subarray(0, bytes));
    return bytes;
  }

  readSync(target: Uint8Array, position: number): number {
    const operation = this.#transfer('read', target, position);
    this.#hooks.before(operation);
    const bytes = this.#inner.readSync(target, position);
    this.#hooks.after?.(operation, target.subarray(0, bytes));
    return bytes;
  }

  async write(source: Uint8Array, position: number): Promise<void> {
    const operation = this.#transfer('write', source, position);
    if (this.#hooks.hold !== undefined) await this.#hooks.hold(operation);
    try {
      this.#hooks.before(operation);
    } catch (error) {
      if (error instanceof CutWriteError) await this.#inner.write(source.subarray(0, error.prefixBytes), position);
      throw error;
    }
    await this.#inner.write(source, position);
    this.#hooks.after?.(operation, undefined);
  }

  writeSync(source: Uint8Array, position: number): void {
    const operation = this.#transfer('write', source, position);
    try {
      this.#hooks.before(operation);
    } catch (error) {
      if (error instanceof CutWriteError) this.#inner.writeSync(source.subarray(0, error.prefixBytes), position);
      throw error;
    }
    this.#inner.writeSync(source, position);
    this.#hooks.after?.(operation, undefined);
  }

  datasync(): Promise<void> {
    return announced(this.#hooks, this.#plain('datasync'), () => this.#inner.datasync());
  }

  datasyncSync(): void {
    announcedSync(this.#hooks, this.#plain('datasync'), () => this.#inner.datasyncSync());
  }

  sizeBytes(): Promise<number> {
    return announced(this.#hooks, this.#plain('size'), () => this.#inner.sizeBytes());
  }

  sizeBytesSync(): number {
    return announcedSync(this.#hooks, this.#plain('size'), () => this.#inner.sizeBytesSync());
  }

  truncate(sizeBytes: number): Promise<void> {
    const operation: FileOperation = { ...this.#plain('truncate'), lengthBytes: sizeBytes };
    return announced(this.#hooks, operation, () => this.#inner.truncate(sizeBytes));
  }

  /** As of the operating system's handles, a failed close has closed. */
  async close(): Promise<void> {
    const operation = this.#plain('close');
    if (this.#hooks.hold !== undefined) await this.#hooks.hold(operation);
    try {
      this.#hooks.before(operation);
    } finally {
      await this.#inner.close();
    }
    this.#hooks.after?.(operation, undefined);
  }

  closeSync(): void {
    const operation = this.#plain('close');
    try {
      this.#hooks.before(operation);
    } finally {
      this.#inner.closeSync();
    }
    this.#hooks.after?.(operation, undefined);
  }

  #plain(kind: FileOperationKind): FileOperation {
    return { kind, path: this.path, mode: this.#mode };
  }

  #transfer(kind: 'read' | 'write', memory: Uint8Array, position: number): FileOperation {
    return { kind, path: this.path, positionBytes: position, lengthBytes: memory.length, mode: this.#mode };
  }
}
