import { StemeError } from '../base/errors.js';
import { TRANSACTION_READ_BYTES_MAX } from '../base/limits.js';
import type { HalfOpenRange } from '../read/bounds.js';

/** What noting one key or range costs beside its bytes. */
const NOTE_BYTES = 64;

/** What a transaction has looked at: single keys, present or not, and ranges, with all that was not in them. */
export class ReadSet {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #ranges: CoveredRange[] = [];
  #bytes = 0;

  /** Errors: STEME_INVALID_BATCH when the transaction reads more than can be checked. */
  addKey(key: Uint8Array): void {
    const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
    if (this.#keys.has(name)) return;
    this.#charge(key.length);
    this.#keys.set(name, Uint8Array.from(key));
  }

  /** Errors: as of `addKey`. */
  addRange(range: CoveredRange): void {
    this.#charge(0);
    this.#ranges.push(range);
  }

  get keys(): Iterable<Uint8Array> {
    return this.#keys.values();
  }

  *ranges(): Generator<HalfOpenRange> {
    for (const { covered } of this.#ranges) if (covered !== undefined) yield covered;
  }

  #charge(bytes: number): void {
    this.#bytes += bytes + NOTE_BYTES;
    if (this.#bytes <= TRANSACTION_READ_BYTES_MAX) return;
    const message = `a transaction reads keys of at most ${TRANSACTION_READ_BYTES_MAX} bytes together; scan instead, or use a snapshot`;
    throw new StemeError('STEME_INVALID_BATCH', message);
  }
}

/** The part of a range that a scan has come through; it grows while the scan goes on. */
export interface CoveredRange {
  /** Undefined before the first step; good until the next one. */
  readonly covered: HalfOpenRange | undefined;
}
