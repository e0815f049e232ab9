import { join } from 'node:path';
import { CorruptionError, type Damage, StemeError } from '../base/errors.js';
import { blobName } from '../base/file-names.js';
import { KIB, MIB } from '../base/limits.js';
import { Lz4Decoder } from '../base/lz4.js';
import { BLOB_HEADER_BYTES, checkBlobHeader } from '../blob/blob-format.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { BlobReference } from '../blob/blob-reference.js';
import { decodeBlobValue, rawBytesOf } from '../blob/blob-value.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';

/** References kept until they are sorted and followed. */
const REFERENCES_MAX = 64 * 1024;
/** Values that stand back to back are read in pieces of this size. */
const PIECE_BYTES = MIB;
/** So much garbage between two values is read with them: that costs less than another read. */
const GAP_BYTES_MAX = 64 * KIB;

/** What of one blob file was read and is sound. */
export interface CheckedBlob {
  readonly number: number;
  readonly valueCount: number;
  readonly valueBytes: number;
  /** As stored, with the trailers. */
  readonly storedBytes: number;
}

interface OpenBlob {
  readonly number: number;
  readonly path: string;
  readonly handle: FileHandle;
  readonly fileBytes: number;
}

/**
 * Follows references into blob files and checks each value. A table has them in the order of its keys; here they are followed in
 * the order of the files, so that the disk sees large reads.
 */
export class BlobValues {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #onDamage: (damage: Damage) => void;
  readonly #blobs: ReadonlyMap<number, BlobMetadata> | undefined;
  readonly #checked = new Map<number, { valueCount: number; valueBytes: number; storedBytes: number }>();
  /** Reported once each; what refers to them is not followed. */
  readonly #unusable = new Set<number>();
  #references: BlobReference[] = [];
  #open: OpenBlob | undefined;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #decoder = new Lz4Decoder();
  readBytes = 0;

  /** Given `blobs`, only values in these are read. */
  constructor(
    fileSystem: FileSystem,
    directory: string,
    onDamage: (damage: Damage) => void,
    blobs?: readonly BlobMetadata[],
  ) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#onDamage = onDamage;
    this.#blobs = blobs === undefined ? undefined : new Map(blobs.map((blob) => [blob.number, blob]));
  }

  add(reference: BlobReference): void {
    if (this.#blobs === undefined || this.#blobs.has(reference.number)) this.#references.push(reference);
  }

  /** So many are waiting that they are to be followed. */
  get isFull(): boolean {
    return this.#references.length >= REFERENCES_MAX;
  }

  /** Follows what was added since the last call, piece by piece: each step yields the bytes that it read. */
  *follow(): Generator<number> {
    const references = this.#references.sort((a, b) => a.number - b.number || a.offsetBytes - b.offsetBytes);
    this.#references = [];
    for (let first = 0; first < references.length; ) {
      const end = endOfRun(references, first);
      yield this.#checkRun(references.slice(first, end));
      first = end;
    }
  }

  checked(): CheckedBlob[] {
    return [...this.#checked].map(([number, sums]) => ({ number, ...sums }));
  }

  close(): void {
    this.#open?.handle.closeSync();
    this.#open = undefined;
  }

  /** Values of one file that stand close together. */
  #checkRun(run: readonly BlobReference[]): number {
    const blob = this.#blob(run[0].number);
    if (blob === undefined) return 0;
    const inside = run.filter((reference) => this.#isInside(blob, reference));
    if (inside.length === 0) return 0;
    const start = inside[0].offsetBytes;
    const bytes = this.#read(blob, start, endOf(inside[inside.length - 1]) - start, inside.length > 1);
    if (bytes === undefined) {
      // One bad sector must not hide the values around it.
      if (inside.length > 1) for (const reference of inside) this.#checkRun([reference]);
      return 0;
    }
    for (const reference of inside) this.#checkValue(blob, reference, bytes.subarray(reference.offsetBytes - start));
    return bytes.length;
  }

  #isInside(blob: OpenBlob, reference: BlobReference): boolean {
    if (endOf(reference) <= blob.fileBytes) return true;
    const expected = `a value of ${reference.storedBytes} bytes, which a table refers to`;
    const found = `a file of ${blob.fileBytes} bytes`;
    this.#onDamage({ file: blob.path, offsetBytes: reference.offsetBytes, expected, found });
    return false;
  }

  /** Undefined where not all of it can be read; that is reported unless it `isTriedAgain`. */
  #read(blob: OpenBlob, offsetBytes: number, length: number, isTriedAgain: boolean): Uint8Array | undefined {
    const target = length <= PIECE_BYTES ? this.#piece.subarray(0, length) : new Uint8Array(length);
    let found: string;
    try {
      const read = blob.handle.readSync(target, offsetBytes);
      this.readBytes += read;
      if (read === length) return target;
      found = `the end of the file after ${read}`;
    } catch (error) {
      if (!(error instanceof StemeError)) throw error;
      found = error.message;
    }
    if (!isTriedAgain) this.#onDamage({ file: blob.path, offsetBytes, expected: `${length} bytes`, found });
    return undefined;
  }

  #checkValue(blob: OpenBlob, reference: BlobReference, bytes: Uint8Array): void {
    try {
      decodeBlobValue(bytes.subarray(0, rawBytesOf(reference)), reference, blob.path, this.#decoder);
      this.#count(reference);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#onDamage(error.damage);
    }
  }

  #count(reference: BlobReference): void {
    const sums = this.#checked.get(reference.number) ?? { valueCount: 0, valueBytes: 0, storedBytes: 0 };
    sums.valueCount++;
    sums.valueBytes += reference.valueBytes;
    sums.storedBytes += rawBytesOf(reference);
    this.#checked.set(reference.number, sums);
  }

  #blob(number: number): OpenBlob | undefined {
    if (this.#open?.number === number) return this.#open;
    if (this.#unusable.has(number)) return undefined;
    this.close();
    try {
      this.#open = this.#openBlob(number);
    } catch (error) {
      this.#unusable.add(number);
      if (!(error instanceof StemeError)) throw error;
      this.#onDamage(damageOfFile(join(this.#directory, blobName(number)), error));
    }
    return this.#open;
  }

  #openBlob(number: number): OpenBlob {
    const path = join(this.#directory, blobName(number));
    const handle = this.#fileSystem.openSync(path, 'read');
    try {
      const fileBytes = handle.sizeBytesSync();
      const header = new Uint8Array(BLOB_HEADER_BYTES);
      const databaseId = this.#blobs?.get(number)?.databaseId;
      checkBlobHeader(header.subarray(0, handle.readSync(header, 0)), number, path, databaseId);
      return { number, path, handle, fileBytes };
    } catch (error) {
      handle.closeSync();
      throw error;
    }
  }
}

function endOf(reference: BlobReference): number {
  return reference.offsetBytes + rawBytesOf(reference);
}

/** As far as values of one file fit one piece; one value at least. */
function endOfRun(references: readonly BlobReference[], first: number): number {
  const { number, offsetBytes } = references[first];
  let end = first + 1;
  for (; end < references.length; end++) {
    const next = references[end];
    const gapBytes = next.offsetBytes - endOf(references[end - 1]);
    if (next.number !== number || gapBytes > GAP_BYTES_MAX || endOf(next) - offsetBytes > PIECE_BYTES) break;
  }
  return end;
}

function damageOfFile(file: string, error: StemeError): Damage {
  if (error instanceof CorruptionError) return error.damage;
  return { file, offsetBytes: 0, expected: 'a blob file that tables refer to', found: error.message };
}
