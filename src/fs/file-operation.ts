import { StemeError } from '../base/errors.js';
import type { OpenMode } from './file-system.js';

export type FileOperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'size'
  | 'truncate'
  | 'close'
  | 'map'
  | 'stat'
  | 'list'
  | 'mkdir'
  | 'rename'
  | 'link'
  | 'remove'
  | 'syncDirectory'
  | 'lock';

/** One call to a file system or to a handle of it; the asynchronous and the synchronous half look the same. */
export interface FileOperation {
  readonly kind: FileOperationKind;
  readonly path: string;
  /** The new name, of a rename or link. */
  readonly to?: string;
  readonly positionBytes?: number;
  /** Bytes asked for, of a read or write; the new length, of a truncate. */
  readonly lengthBytes?: number;
  /** The mode of an open, or that the handle of a read or write was opened with. */
  readonly mode?: OpenMode;
}

/** Called when an operation is asked for, before anything happens; what it throws is what the caller gets. */
export type BeforeOperation = (operation: FileOperation) => void;

/**
 * Called when an operation succeeded, with the bytes that a `read` or `map` got and undefined for the others. Those of a
 * read may be changed in place; those of a map are read-only, and are replaced by the bytes it returns, if any.
 */
export type AfterOperation = (operation: FileOperation, bytes: Uint8Array | undefined) => Uint8Array | undefined;

/** Thrown by `before` of a write: `prefixBytes` of it go through, then the caller gets this. */
export class CutWriteError extends StemeError {
  readonly prefixBytes: number;

  constructor(message: string, prefixBytes: number, cause: Error) {
    super('STEME_IO', message, { cause });
    this.prefixBytes = prefixBytes;
  }
}

export interface OperationHooks {
  /** Of the asynchronous calls: awaited before `before`, so that operations need not start in the order of their calls. */
  readonly hold?: ((operation: FileOperation) => Promise<void>) | undefined;
  readonly before: BeforeOperation;
  readonly after?: AfterOperation | undefined;
}

/** `call` with `operation` announced before it and, if it succeeds, after it. */
export async function announced<T>(
  hooks: OperationHooks,
  operation: FileOperation,
  call: () => Promise<T>,
): Promise<T> {
  if (hooks.hold !== undefined) await hooks.hold(operation);
  hooks.before(operation);
  const result = await call();
  hooks.after?.(operation, undefined);
  return result;
}

export function announcedSync<T>(hooks: OperationHooks, operation: FileOperation, call: () => T): T {
  hooks.before(operation);
  const result = call();
  hooks.after?.(operation, undefined);
  return result;
}
