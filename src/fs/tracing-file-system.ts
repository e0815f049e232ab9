import { posix } from 'node:path';
import type { FileOperation, FileOperationKind } from './file-operation.js';
import type { FileSystem } from './file-system.js';
import { InterceptedFileSystem } from './intercepted-file-system.js';

/** The operations that decide what a crash takes: enough for a golden test of sync order. */
export const DURABILITY_KINDS: ReadonlySet<FileOperationKind> = new Set([
  'open',
  'write',
  'datasync',
  'truncate',
  'mkdir',
  'rename',
  'link',
  'remove',
  'syncDirectory',
]);

/**
 * A file system that writes down what it is asked for, one line an operation, in the order of the calls:
 *
 *     open 000002.log create
 *     write 000002.log 0+4096
 *     datasync 000002.log
 *     rename CURRENT.tmp CURRENT
 *     sync-directory .
 *
 * Paths are relative to `root`. `kinds` picks what is written down; default: everything.
 */
export class TracingFileSystem extends InterceptedFileSystem {
  readonly #lines: string[];

  constructor(inner: FileSystem, root: string, kinds?: ReadonlySet<FileOperationKind>) {
    const lines: string[] = [];
    super(inner, {
      before: (operation) => {
        if (kinds === undefined || kinds.has(operation.kind)) lines.push(traceLine(operation, root));
      },
    });
    this.#lines = lines;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Hands out the lines so far and starts anew. */
  takeLines(): string[] {
    return this.#lines.splice(0);
  }
}

export function traceLine(operation: FileOperation, root: string): string {
  const path = relativeTo(root, operation.path);
  switch (operation.kind) {
    case 'open':
      return `open ${path} ${operation.mode}`;
    case 'read':
    case 'write':
      return `${operation.kind} ${path} ${operation.positionBytes}+${operation.lengthBytes}`;
    case 'truncate':
      return `truncate ${path} ${operation.lengthBytes}`;
    case 'rename':
    case 'link':
      return `${operation.kind} ${path} ${relativeTo(root, operation.to ?? '')}`;
    case 'syncDirectory':
      return `sync-directory ${path}`;
    default:
      return `${operation.kind} ${path}`;
  }
}

function relativeTo(root: string, path: string): string {
  return posix.relative(root, path) || '.';
}
