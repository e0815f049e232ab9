import { join } from 'node:path';
import { StemeError } from '../base/errors.js';
import { blobName, manifestName, tableName } from '../base/file-names.js';
import type { BlobCache } from '../blob/blob-cache.js';
import type { FileSystem } from '../fs/file-system.js';
import type { JobFiles } from '../jobs/job.js';
import type { SegmentAllocator } from '../log/segment-allocator.js';
import type { TableCache } from '../table/table-cache.js';
import type { VersionSet } from '../version/version-set.js';
import type { SegmentFiles } from '../wal/segment-writer.js';

export interface FileKeeperOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly versions: VersionSet;
  readonly tables: TableCache;
  readonly blobs: BlobCache;
  readonly segments: SegmentFiles;
  readonly allocator: SegmentAllocator;
  readonly onWarning: (warning: StemeError) => void;
}

/**
 * Removes files that nothing needs any more (law 4), always after the manifest edit that made them obsolete is durable. A
 * removal that fails loses nothing: it is a warning, and the sweep of the next open tries again.
 */
export class FileKeeper {
  readonly #options: FileKeeperOptions;
  readonly #pendingNumbers = new Set<number>();
  #hasSwept = false;
  #collecting: Promise<void> = Promise.resolve();

  constructor(options: FileKeeperOptions) {
    this.#options = options;
  }

  /** Outputs of jobs under way, which no version names yet. */
  addPending(numbers: readonly number[]): void {
    for (const number of numbers) this.#pendingNumbers.add(number);
  }

  removePending(numbers: readonly number[]): void {
    for (const number of numbers) this.#pendingNumbers.delete(number);
  }

  /** Removes what has become obsolete since the last call. One at a time; never throws. */
  collect(): Promise<void> {
    this.#collecting = this.#collecting.then(() => this.#collectNow()).catch((error: unknown) => this.#warn(error));
    return this.#collecting;
  }

  /** Removes what a job wrote that no edit will ever name. Never throws: the sweep of the next open tries again. */
  async discard({ tables, blobs }: Pick<JobFiles, 'tables' | 'blobs'>): Promise<void> {
    try {
      for (const { number } of tables) await this.#remove(tableName(number));
      for (const { number } of blobs) await this.#remove(blobName(number));
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Waits for the removals under way. */
  async idle(): Promise<void> {
    await this.#collecting;
  }

  async #collectNow(): Promise<void> {
    const { versions, tables, blobs, segments, allocator } = this.#options;
    const obsolete = versions.takeObsolete();
    for (const number of obsolete.tables) {
      tables.evict(number);
      await this.#remove(tableName(number));
    }
    for (const number of obsolete.blobs) {
      blobs.evict(number);
      await this.#remove(blobName(number));
    }
    for (const number of obsolete.manifests) await this.#remove(manifestName(number));
    for (const number of await segments.takeObsolete(versions.logNumber)) await allocator.retire(number);
    if (!this.#hasSwept) await this.#sweep();
  }

  /** What earlier openers left behind: once, after the first edit of this one is durable. */
  async #sweep(): Promise<void> {
    const { fileSystem, directory, versions, segments } = this.#options;
    this.#hasSwept = true;
    const inUse = { logNumbers: segments.liveNumbers(), pendingNumbers: this.#pendingNumbers };
    for (const name of versions.obsoleteFileNames(await fileSystem.list(directory), inUse)) await this.#remove(name);
  }

  #remove(name: string): Promise<void> {
    return this.#options.fileSystem.remove(join(this.#options.directory, name));
  }

  #warn(cause: unknown): void {
    this.#options.onWarning(new StemeError('STEME_IO', 'an obsolete file could not be removed', { cause }));
  }
}
