import { StemeError } from '../../base/errors.js';
import { OPEN_BLOBS_MAX } from '../../base/limits.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind } from '../../base/stored-value.js';
import { BlobCache } from '../../blob/blob-cache.js';
import { type BlobReference, readBlobReference } from '../../blob/blob-reference.js';
import type { FileSystem } from '../../fs/file-system.js';

interface ValueVerdict {
  readonly reference: BlobReference;
  readonly problem: string | undefined;
}

/** What was asked of one blob file. */
interface BlobTally {
  lostCount: number;
  readonly problem: string;
}

/** Reads the values that entries refer to, each checked, and says which are not to be had. */
export class ValueCheck {
  readonly #cache: BlobCache;
  /** Blob files with values that cannot be read, by number. */
  readonly damaged = new Map<number, BlobTally>();

  constructor(fileSystem: FileSystem, directory: string) {
    const openBlobsMax = OPEN_BLOBS_MAX;
    // A damaged header is written anew: it says nothing of the values.
    this.#cache = new BlobCache({ fileSystem, directory, readMode: 'pread', openBlobsMax, checksHeader: false });
  }

  /** Of a stored value of this kind; undefined if its value is in the table. Errors: STEME_CORRUPTION for no reference, STEME_UNSUPPORTED. */
  check(kind: number, source: Uint8Array, start: number, end: number): ValueVerdict | undefined {
    if (!isBlobKind(kind)) return undefined;
    const reference = readBlobReference(source, isExpiringKind(kind) ? start + EXPIRY_BYTES : start, end);
    try {
      this.#cache.read(reference);
      return { reference, problem: undefined };
    } catch (error) {
      if (!(error instanceof StemeError) || error.code === 'STEME_UNSUPPORTED') throw error;
      this.#note(reference.number, error.message);
      return { reference, problem: error.message };
    }
  }

  close(): void {
    this.#cache.close();
  }

  #note(number: number, problem: string): void {
    const tally = this.damaged.get(number) ?? { lostCount: 0, problem };
    tally.lostCount++;
    this.damaged.set(number, tally);
  }
}
