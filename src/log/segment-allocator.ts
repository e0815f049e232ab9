/**
 * Prepares the files that segments of a log are written into: of the WAL, and of the intake of the quarantine. Overwriting allocated space and syncing takes a third of the time
 * of appending and syncing, so a spare of zeros is made ahead of need, and retired segments are kept for their space.
 *
 * A spare is a file named *.recycled; becoming a segment is a rename. The rename or creation is made durable before `take`
 * returns: nothing that is written into a file may be acknowledged while a crash could still take its name away (law 1).
 */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert } from '../base/errors.js';
import { logName, recycledName } from '../base/file-names.js';
import { MIB } from '../base/limits.js';
import { synced } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import { syncFile } from '../fs/sync-file.js';

export interface SegmentAllocatorOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** What a segment is called. Default: as one of the WAL. */
  readonly nameOf?: (number: number) => string;
  /** Hands out file numbers, each once. */
  readonly allocateNumber: () => number;
  /** Size of a spare that is made ahead. */
  readonly segmentBytes: number;
  /** How many spares there are at most. */
  readonly recycledMax: number;
  /** While more segments than this are out, no spare is made of zeros: one of them will come back sooner. Default: no limit. */
  readonly lentMax?: number;
  /** Size of a segment that is made when there is no spare. Default 1 MiB. */
  readonly initialBytes?: number | undefined;
  /** Making a spare failed (a full disk, say). The next `take` makes a small segment, and fails for itself if it must. */
  readonly onWarning: (error: unknown) => void;
}

export interface SegmentFile {
  readonly number: number;
  readonly path: string;
  /** Up to here the file has its space: zeros, or what an earlier segment left. */
  readonly preallocatedBytes: number;
}

interface Spare {
  readonly number: number;
  readonly sizeBytes: number;
}

const ZEROS = new Uint8Array(MIB);
/** Of zeros, between two syncs: a write to the log waits behind so many at most. Fewer cost more waiting in sum. */
const ZEROS_PER_SYNC_BYTES = 16 * MIB;
const INITIAL_BYTES_DEFAULT = MIB;
/** A spare is made only where this many of them would fit. */
const ROOM_FACTOR = 2;

export class SegmentAllocator {
  readonly #options: SegmentAllocatorOptions;
  readonly #spares: Spare[] = [];
  /** Spares on their way: being filled, or being renamed. */
  #arrivingCount = 0;
  /** Segments that were taken and have not come back. Their space is durable. */
  readonly #lent = new Set<number>();
  #filling: Promise<void> | undefined;
  #isClosed = false;
  #hasTried = false;

  constructor(options: SegmentAllocatorOptions) {
    this.#options = options;
  }

  get hasSpare(): boolean {
    return this.#spares.length > 0;
  }

  /**
   * Starts making a spare in the background, unless there is one or one is on its way, or the last attempt came to nothing
   * and no segment was taken since. Failures go to `onWarning`.
   */
  prepare(): void {
    if (this.#isClosed || this.hasSpare || this.#arrivingCount > 0 || this.#options.recycledMax < 1) return;
    if (this.#hasTried || this.#lent.size > (this.#options.lentMax ?? Number.POSITIVE_INFINITY)) return;
    this.#hasTried = true;
    this.#arrivingCount++;
    this.#filling = this.#makeSpare()
      .catch((error: unknown) => this.#options.onWarning(error))
      .finally(() => {
        this.#arrivingCount--;
        this.#filling = undefined;
      });
  }

  /** A file for the next segment, under a new number, its name durable. Errors: STEME_IO. */
  async take(): Promise<SegmentFile> {
    assert(!this.#isClosed, 'a closed allocator hands out no segment');
    this.#hasTried = false;
    const spare = this.#spares.pop();
    const number = this.#options.allocateNumber();
    const file = await (spare === undefined ? this.#createSmall(number) : this.#promote(spare, number));
    this.#lent.add(number);
    return file;
  }

  /** Gives back a segment that no recovery needs any more: kept as a spare if there is room for one, else removed. Errors: STEME_IO. */
  async retire(number: number): Promise<void> {
    const { fileSystem } = this.#options;
    const path = this.#segmentPath(number);
    const isLent = this.#lent.delete(number);
    if (!this.#hasRoom) return fileSystem.remove(path);
    this.#arrivingCount++;
    try {
      // Not synced: if a crash undoes the rename, recovery finds an obsolete segment and retires it again.
      await fileSystem.rename(path, this.#path(recycledName(number)));
      await this.#keepOrRemove(number, isLent);
    } finally {
      this.#arrivingCount--;
    }
  }

  /** Takes over the spares that an earlier opener left behind; those beyond the limit are removed. Errors: STEME_IO. */
  async adopt(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) {
      if (!this.#hasRoom) await this.#options.fileSystem.remove(this.#path(recycledName(number)));
      else await this.#keepOrRemove(number, false);
    }
  }

  /** Ends the background work and removes all spares: a closed database keeps no space that it does not need. Errors: STEME_IO. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#filling;
    for (const { number } of this.#spares.splice(0)) {
      await this.#options.fileSystem.remove(this.#path(recycledName(number)));
    }
  }

  get #hasRoom(): boolean {
    return !this.#isClosed && this.#spares.length + this.#arrivingCount < this.#options.recycledMax;
  }

  #segmentPath(number: number): string {
    const { nameOf = logName } = this.#options;
    return this.#path(nameOf(number));
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }

  async #makeSpare(): Promise<void> {
    const { fileSystem, directory, segmentBytes } = this.#options;
    const number = this.#options.allocateNumber();
    const freeBytes = await fileSystem.freeBytes(directory);
    // A spare is for speed: it must not take the room that records need.
    if (freeBytes !== undefined && freeBytes < ROOM_FACTOR * segmentBytes) return;
    const path = this.#path(recycledName(number));
    await this.#writeZeros(path, segmentBytes, () => !this.#isClosed);
    if (this.#isClosed) await fileSystem.remove(path);
    else this.#spares.push({ number, sizeBytes: segmentBytes });
  }

  async #keepOrRemove(number: number, isDurable: boolean): Promise<void> {
    const { fileSystem } = this.#options;
    const path = this.#path(recycledName(number));
    const sizeBytes = await fileSystem.statBytes(path);
    if (sizeBytes === undefined) return;
    if (this.#isClosed || sizeBytes === 0) return fileSystem.remove(path);
    // Its space must be durable before a manifest names it as the first segment; whoever was killed while it made it did not see to that.
    if (!isDurable) await syncFile(fileSystem, path);
    if (this.#isClosed) return fileSystem.remove(path);
    this.#spares.push({ number, sizeBytes });
  }

  async #promote(spare: Spare, number: number): Promise<SegmentFile> {
    const { fileSystem, directory } = this.#options;
    const path = this.#segmentPath(number);
    try {
      await fileSystem.rename(this.#path(recycledName(spare.number)), path);
    } catch (error) {
      this.#spares.push(spare);
      throw error;
    }
    await synced(fileSystem.syncDirectory(directory));
    return { number, path, preallocatedBytes: spare.sizeBytes };
  }

  async #createSmall(number: number): Promise<SegmentFile> {
    const { fileSystem, directory, initialBytes = INITIAL_BYTES_DEFAULT } = this.#options;
    const path = this.#segmentPath(number);
    await this.#writeZeros(path, initialBytes, () => true);
    await synced(fileSystem.syncDirectory(directory));
    return { number, path, preallocatedBytes: initialBytes };
  }

  /**
   * A durable file of zeros, or no file and an error. Synced piece by piece: the log that is written meanwhile waits behind one of
   * them, not behind all. A turn of the loop in between: others have work too (law 11).
   */
  async #writeZeros(path: string, sizeBytes: number, isNeeded: () => boolean): Promise<void> {
    const handle = await this.#options.fileSystem.open(path, 'create');
    try {
      try {
        for (let at = 0; at < sizeBytes && isNeeded(); at += ZEROS.length) {
          await handle.write(ZEROS.subarray(0, Math.min(ZEROS.length, sizeBytes - at)), at);
          if ((at + ZEROS.length) % ZEROS_PER_SYNC_BYTES === 0) await synced(handle.datasync());
          await nextTurn();
        }
        await synced(handle.datasync());
      } finally {
        await handle.close();
      }
    } catch (error) {
      await this.#discard(path);
      throw error;
    }
  }

  /** Tidies up after a failure that is on its way to the caller; a second failure is only worth a warning. */
  async #discard(path: string): Promise<void> {
    try {
      await this.#options.fileSystem.remove(path);
    } catch (error) {
      this.#options.onWarning(error);
    }
  }
}
