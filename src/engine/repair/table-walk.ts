import { compareBytes } from '../../base/bytes.js';
import { CorruptionError } from '../../base/errors.js';
import { isTableKind } from '../../base/internal-key.js';
import { EXPIRY_BYTES, isExpiringKind } from '../../base/stored-value.js';
import type { BlobReference } from '../../blob/blob-reference.js';
import { BlockIterator } from '../../table/block-iterator.js';
import { contentOf, type TableSalvage } from '../../table/table-salvage.js';
import type { ValueCheck } from './value-check.js';

/** An entry as it stands in its block. */
export interface SalvagedEntry {
  readonly keySource: Uint8Array;
  readonly keyEnd: number;
  readonly sequence: number;
  readonly kind: number;
  readonly valueSource: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Of a value in a blob file. */
  readonly reference: BlobReference | undefined;
}

export interface TableWalkOptions {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly salvage: TableSalvage;
  readonly values: ValueCheck;
  /** The sequence of entries that have 0, as all of a table have that was loaded as a whole. */
  readonly sequenceOfZero: number;
  readonly onEntry: (entry: SalvagedEntry) => void;
  /** An entry whose value is not to be had. */
  readonly onLostValue: (key: Uint8Array, valueBytes: number, problem: string) => void;
}

/** Entries that are in intact blocks and yet cannot be used, since they are malformed or out of order. */
export interface TableWalkOutcome {
  readonly keptCount: number;
  readonly unusableCount: number;
}

/** Hands out every entry of the intact blocks whose value is to be had, in order. Gives the event loop a turn by `turn`. */
export async function walkEntries(
  options: TableWalkOptions,
  turn: (bytes: number) => Promise<void> | undefined,
): Promise<TableWalkOutcome> {
  const { bytes, path, salvage } = options;
  const walk = new Walk(options);
  const block = new BlockIterator();
  for (const handle of salvage.blocks) {
    block.init(contentOf(bytes, handle, path), path, handle.offsetBytes);
    walk.takeBlock(block);
    const pending = turn(handle.sizeBytes);
    if (pending !== undefined) await pending;
  }
  return { keptCount: walk.keptCount, unusableCount: walk.unusableCount };
}

class Walk {
  readonly #options: TableWalkOptions;
  #lastKey: Uint8Array | undefined;
  #lastSequence = 0;
  keptCount = 0;
  unusableCount = 0;

  constructor(options: TableWalkOptions) {
    this.#options = options;
  }

  takeBlock(block: BlockIterator): void {
    try {
      for (block.seekToFirst(); block.valid; block.next()) this.#take(block);
    } catch (error) {
      // Its checksum holds: whoever wrote it wrote this. What stands behind the place cannot be found.
      if (!(error instanceof CorruptionError)) throw error;
      this.unusableCount++;
    }
  }

  #take(block: BlockIterator): void {
    const { keySource, keyEnd, kind, valueSource, valueStart, valueEnd } = block;
    if (!this.#isUsable(block)) {
      this.unusableCount++;
      return;
    }
    const verdict = this.#options.values.check(kind, valueSource, valueStart, valueEnd);
    if (verdict?.problem !== undefined) {
      this.#options.onLostValue(keySource.slice(0, keyEnd), verdict.reference.valueBytes, verdict.problem);
      return;
    }
    const sequence = block.sequence === 0 ? this.#options.sequenceOfZero : block.sequence;
    const reference = verdict?.reference;
    this.#options.onEntry({ keySource, keyEnd, sequence, kind, valueSource, valueStart, valueEnd, reference });
    this.keptCount++;
  }

  #isUsable({ keySource, keyEnd, sequence, kind, valueStart, valueEnd }: BlockIterator): boolean {
    const key = keySource.slice(0, keyEnd);
    const order = this.#lastKey === undefined ? -1 : compareBytes(this.#lastKey, key);
    const isInOrder = order < 0 || (order === 0 && sequence < this.#lastSequence);
    if (!isInOrder || keyEnd === 0 || !isTableKind(kind)) return false;
    if (isExpiringKind(kind) && valueEnd - valueStart < EXPIRY_BYTES) return false;
    this.#lastKey = key;
    this.#lastSequence = sequence;
    return true;
  }
}
