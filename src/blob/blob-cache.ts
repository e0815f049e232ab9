import { join } from 'node:path';
import type { BlobResolver } from '../base/blob-resolver.js';
import { assert } from '../base/errors.js';
import { blobName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { BlobReader } from './blob-reader.js';
import { type BlobReference, readBlobReference } from './blob-reference.js';

export interface BlobCacheOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly readMode: 'mmap' | 'pread';
  /** Readers kept open; one more is opened only after another is closed (law 8). */
  readonly openBlobsMax: number;
  /** Which database wrote the file, as far as that is known. */
  readonly databaseIdOf?: (number: number) => number | undefined;
  /** As of a BlobReader. */
  readonly checksHeader?: boolean;
  /** Files that are not there, and what is thrown to whoever asks for one. */
  readonly damaged?: ReadonlyMap<number, Error>;
}

/**
 * The open blob files of a directory, opened when first asked for; past `openBlobsMax` the one goes that was not asked for for
 * the longest. Nobody holds a reader from one call to the next, so it can go at any time. Values are not kept: the page cache has them.
 */
export class BlobCache implements BlobResolver {
  readonly #options: BlobCacheOptions;
  /** In the order in which they were last asked for. */
  readonly #readers = new Map<number, BlobReader>();

  constructor(options: BlobCacheOptions) {
    assert(options.openBlobsMax > 0, 'a blob cache keeps files open');
    this.#options = options;
  }

  get openBlobCount(): number {
    return this.#readers.size;
  }

  /** Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  readSync(source: Uint8Array, start: number, end: number): Buffer {
    return this.read(readBlobReference(source, start, end));
  }

  read(reference: BlobReference): Buffer {
    return this.#get(reference.number).read(reference);
  }

  /** Closes a file that is about to be deleted. Nobody may ask for it any more (law 4). */
  evict(number: number): void {
    this.#readers.get(number)?.close();
    this.#readers.delete(number);
  }

  close(): void {
    for (const number of this.#readers.keys()) this.evict(number);
  }

  #get(number: number): BlobReader {
    const open = this.#readers.get(number);
    if (open !== undefined) this.#readers.delete(number);
    const reader = open ?? this.#open(number);
    this.#readers.set(number, reader);
    return reader;
  }

  #open(number: number): BlobReader {
    const { fileSystem, directory, readMode, openBlobsMax, databaseIdOf, checksHeader } = this.#options;
    const damage = this.#options.damaged?.get(number);
    if (damage !== undefined) throw damage;
    for (const oldest of this.#readers.keys()) {
      if (this.#readers.size < openBlobsMax) break;
      this.evict(oldest);
    }
    const databaseId = databaseIdOf?.(number);
    const path = join(directory, blobName(number));
    return new BlobReader({ fileSystem, path, number, databaseId, readMode, checksHeader });
  }
}
