import type { BlobMetadata } from '../../src/blob/blob-metadata.js';
import { BlobReader } from '../../src/blob/blob-reader.js';
import type { BlobReference } from '../../src/blob/blob-reference.js';
import { BlobWriter } from '../../src/blob/blob-writer.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

export const BLOB_NUMBER = 7;
export const BLOB_PATH = '/000007.blob';
export const READ_MODES = ['mmap', 'pread'] as const;

export interface WrittenBlob {
  readonly fileSystem: MemoryFileSystem;
  readonly references: readonly BlobReference[];
  readonly metadata: BlobMetadata;
}

export function writeBlob(values: readonly Uint8Array[], compression: 'lz4' | 'none'): WrittenBlob {
  const fileSystem = new MemoryFileSystem();
  const writer = new BlobWriter({ fileSystem, path: BLOB_PATH, number: BLOB_NUMBER, compression });
  const references = values.map((value) => writer.append(value));
  return { fileSystem, references, metadata: writer.finish() };
}

export function openBlob(
  fileSystem: FileSystem,
  readMode: 'mmap' | 'pread' = 'pread',
  number = BLOB_NUMBER,
): BlobReader {
  return new BlobReader({ fileSystem, path: BLOB_PATH, number, readMode });
}

export function bytesOfBlob(fileSystem: MemoryFileSystem): Uint8Array {
  const handle = fileSystem.openSync(BLOB_PATH, 'read');
  const bytes = new Uint8Array(handle.sizeBytesSync());
  handle.readSync(bytes, 0);
  handle.closeSync();
  return bytes;
}

export function fileSystemWith(bytes: Uint8Array): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  const handle = fileSystem.openSync(BLOB_PATH, 'create');
  handle.writeSync(bytes, 0);
  handle.closeSync();
  return fileSystem;
}
