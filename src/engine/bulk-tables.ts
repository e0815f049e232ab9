import { join } from 'node:path';
import { blobName, tableName } from '../base/file-names.js';
import { BULK_CHUNK_BYTES_MAX } from '../base/limits.js';
import { allocateUnalignedMemory } from '../base/shared-memory.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { FileSystem } from '../fs/file-system.js';
import { type BulkChunk, BulkChunkWriter, chunkEntryBytes } from '../jobs/bulk-chunk.js';
import type { BulkLoadJob, JobRunner, TableSettings } from '../jobs/job.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { VersionSet } from '../version/version-set.js';
import { blobSettings } from './blob-settings.js';
import type { FileKeeper } from './file-keeper.js';

export interface BulkTablesOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly files: FileKeeper;
  readonly tableSettings: () => TableSettings;
  /** Values from here on go to blob files; 0: none. */
  readonly blobThreshold: number;
  /** Memory of one chunk; there are two. */
  readonly chunkBytes: number;
  /** 0: the entries do not expire. */
  readonly expiresAtMs: number;
  readonly onTable: () => void;
}

/**
 * Turns entries into tables: one chunk of shared memory fills while a worker writes the other one (law 8). The tables are nobody's
 * until they are installed: `discard` removes them.
 */
export class BulkTables {
  readonly #options: BulkTablesOptions;
  /** Of tables and blob files. */
  readonly #pending: number[] = [];
  #filling: BulkChunkWriter;
  #spare: BulkChunkWriter | undefined;
  /** Of the job under way; never rejects. */
  #writing: Promise<void> = Promise.resolve();
  #isHandedOver = false;
  #failure: { readonly error: unknown } | undefined;
  readonly tables: TableMetadata[] = [];
  readonly blobs: BlobMetadata[] = [];

  constructor(options: BulkTablesOptions) {
    this.#options = options;
    this.#filling = this.#createChunk(0);
  }

  /** A promise if the chunk was full: then the entry is in when it resolves. Throws what a job failed with. */
  add(key: Uint8Array, value: Uint8Array): Promise<void> | undefined {
    if (!this.#filling.hasRoom(key.length, value.length)) return this.#addAfterTurn(key, value);
    this.#filling.add(key, value);
    return undefined;
  }

  /** Resolves when everything is in tables, durable with their names. */
  async finish(): Promise<void> {
    await this.#settleJob();
    if (!this.#filling.isEmpty) this.#writing = this.#write(this.#filling);
    await this.#settleJob();
  }

  /** Whatever becomes of the tables now, it is settled. */
  release(): void {
    this.#options.files.removePending(this.#pending);
  }

  /** The tables go into the manifest: `discard` does nothing from now on. */
  handOver(): void {
    this.#isHandedOver = true;
  }

  /** Removes what was written, after the job under way. What cannot be removed goes with the sweep of the next open. */
  async discard(): Promise<void> {
    const { fileSystem, directory } = this.#options;
    await this.#writing;
    if (this.#isHandedOver) return;
    const names = this.#pending.flatMap((number) => [tableName(number), blobName(number)]);
    await Promise.allSettled(names.map((name) => fileSystem.remove(join(directory, name))));
  }

  /** The full chunk goes to a worker, and the entry into the other one. */
  async #addAfterTurn(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#settleJob();
    const entryBytes = chunkEntryBytes(key.length, value.length);
    const full = this.#filling;
    if (!full.isEmpty) {
      this.#writing = this.#write(full);
      this.#filling = this.#spare ?? this.#createChunk(entryBytes);
      this.#spare = full;
    }
    // An entry that is larger than a chunk makes one of its own size.
    if (this.#filling.capacityBytes < entryBytes) this.#filling = this.#createChunk(entryBytes);
    this.#filling.add(key, value);
  }

  async #settleJob(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #createChunk(entryBytes: number): BulkChunkWriter {
    const { chunkBytes, expiresAtMs } = this.#options;
    const bytes = Math.max(entryBytes, Math.min(chunkBytes, BULK_CHUNK_BYTES_MAX));
    return new BulkChunkWriter(allocateUnalignedMemory(bytes), bytes, expiresAtMs);
  }

  #jobOf(chunk: BulkChunk): BulkLoadJob {
    const { versions, files, tableSettings, blobThreshold } = this.#options;
    const numbers = [versions.allocateFileNumber()];
    const blobs = blobSettings(versions, blobThreshold, chunk.usedBytes);
    const pending = [...numbers, ...(blobs?.numbers ?? [])];
    this.#pending.push(...pending);
    files.addPending(pending);
    return { kind: 'bulk-load', chunk, numbers, settings: tableSettings(), ...(blobs !== undefined && { blobs }) };
  }

  async #write(full: BulkChunkWriter): Promise<void> {
    const { runner, onTable } = this.#options;
    try {
      const job = this.#jobOf(full.chunk);
      const { tables, blobs } = await runner.run(job);
      this.tables.push(...tables);
      this.blobs.push(...blobs);
      onTable();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      full.clear();
    }
  }
}
