import { join } from 'node:path';
import { xxh3 } from '@node-rs/xxhash';
import { KIB } from '../base/limits.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { LineBoundary } from './record-reader/boundary.js';
import type { Rejection } from './record-reader/record.js';
import { RecordSplitter } from './record-reader/record-splitter.js';
import { encodeRejection } from './rejected-entry.js';

export const REJECTED_NAME = 'rejected.ndjson';

const WRITE_BYTES = 256 * KIB;
const READ_BYTES = 256 * KIB;
/** Memory for the entries of earlier runs (law 8). Past it an entry may be written a second time; none is ever lost. */
const REMEMBERED_ENTRIES_MAX = 1_000_000;

/**
 * The records that could not be taken, in `DIR/rejected.ndjson`. The file only grows: an entry is appended unless the very
 * same line is there already, so ingesting a source again adds nothing, and no run can lose what an earlier one kept. Entries
 * are durable after `close`; a crash may leave a torn last line, which the next run cuts off and writes anew. The holder of
 * the database's lock is the only writer. The file is made at the first rejection.
 */
export class RejectedFile {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  #handle: FileHandle | undefined;
  #remembered: Set<bigint> = new Set();
  #positionBytes = 0;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  get path(): string {
    return join(this.#directory, REJECTED_NAME);
  }

  async add(rejection: Rejection, sourceName: string): Promise<void> {
    if (this.#handle === undefined) await this.#open();
    const entry = Buffer.from(encodeRejection(rejection, sourceName));
    if (this.#remembered.has(xxh3.xxh64(entry.subarray(0, -1)))) return;
    this.#buffered.push(entry);
    this.#bufferedBytes += entry.length;
    if (this.#bufferedBytes >= WRITE_BYTES) await this.#write();
  }

  /** Makes every entry durable. Call it after the last `add`. */
  async close(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    try {
      await this.#write(handle);
      await handle.datasync();
      await this.#fileSystem.syncDirectory(this.#directory);
    } finally {
      await handle.close();
    }
  }

  async #open(): Promise<void> {
    const exists = await this.#fileSystem.exists(this.path);
    const handle = await this.#fileSystem.open(this.path, exists ? 'update' : 'create');
    this.#handle = handle;
    this.#positionBytes = await this.#rememberEntries(handle);
    if ((await handle.sizeBytes()) > this.#positionBytes) await handle.truncate(this.#positionBytes);
  }

  /** Returns where the last whole line ends. */
  async #rememberEntries(handle: FileHandle): Promise<number> {
    const splitter = new RecordSplitter(new LineBoundary(), { dropByteOrderMark: false });
    let wholeBytes = 0;
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafeSlow(READ_BYTES);
      const readBytes = await handle.read(chunk, position);
      const bytes = chunk.subarray(0, readBytes);
      for (const line of splitter.push(bytes)) {
        if (this.#remembered.size < REMEMBERED_ENTRIES_MAX) this.#remembered.add(xxh3.xxh64(line.bytes));
      }
      const lastNewline = bytes.lastIndexOf(0x0a);
      if (lastNewline !== -1) wholeBytes = position + lastNewline + 1;
      position += readBytes;
      if (readBytes < READ_BYTES) return wholeBytes;
    }
  }

  async #write(handle: FileHandle | undefined = this.#handle): Promise<void> {
    if (handle === undefined || this.#bufferedBytes === 0) return;
    const bytes = Buffer.concat(this.#buffered);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    await handle.write(bytes, this.#positionBytes);
    this.#positionBytes += bytes.length;
  }
}
