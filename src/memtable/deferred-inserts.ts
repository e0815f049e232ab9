import { commonPrefixLength } from '../base/bytes.js';
import type { Memtable } from './memtable.js';
import { recordKeyLength, recordKeyStart } from './record.js';
import { SORT_PREFIX_BYTES, sortByPrefix } from './sort-by-prefix.js';

const RECORDS_INITIAL = 1024;
/** Fewer are linked as they came: there is nothing to gain. */
const SORTED_RECORDS_MIN = 64;
/** Come out of memory together; more would not fit what the processor asks for at once. */
const GROUP_RECORDS = 16;
/** About a millisecond. */
const STEP_RECORDS = 4096;

/**
 * Inserts many versions, in an order that the processor's cache likes: they are copied into the arena as they come, and linked into
 * the tree later, those with neighbouring keys together. A random key waits for memory at each node on its way down; behind its
 * neighbour it finds them at hand.
 *
 * The order is by four bytes behind what all keys share. Keys that agree in these stay as they came, and with them the versions of
 * one key.
 */
export class DeferredInserts {
  readonly #memtable: Memtable;
  #records = new Int32Array(RECORDS_INITIAL);
  #count = 0;
  /** So many bytes all keys share with the first one. */
  #sharedBytes = 0;

  constructor(memtable: Memtable) {
    this.#memtable = memtable;
  }

  /** Not linked yet. */
  get count(): number {
    return this.#count;
  }

  /** As of `Memtable.insert`, but for range deletes, which go in at once. */
  add(
    sequence: number,
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const memtable = this.#memtable;
    const record = memtable.append(sequence, kind, key, keyStart, keyEnd, value, valueStart, valueEnd);
    if (this.#count === this.#records.length) this.#grow();
    this.#records[this.#count++] = record;
    this.#noteShared(key, keyStart, keyEnd);
  }

  /** Links all; gives control back after each step of about a millisecond. Until it has come to its end nothing may be added. */
  *linkInSteps(): Generator<void> {
    const records = this.#takeOrdered();
    for (let start = 0; start < records.length; start += GROUP_RECORDS) {
      this.#memtable.link(records, start, Math.min(start + GROUP_RECORDS, records.length));
      if (start % STEP_RECORDS === 0) yield;
    }
  }

  #takeOrdered(): Int32Array {
    const records = this.#records.subarray(0, this.#count);
    this.#count = 0;
    if (records.length < SORTED_RECORDS_MIN) return records;
    const prefixes = new Uint32Array(records.length);
    let isAscending = true;
    for (let i = 0; i < records.length; i++) {
      prefixes[i] = this.#prefixOf(records[i]);
      if (i > 0 && prefixes[i] < prefixes[i - 1]) isAscending = false;
    }
    return isAscending ? records : sortByPrefix(records, prefixes);
  }

  #noteShared(key: Uint8Array, keyStart: number, keyEnd: number): void {
    if (this.#count === 1) {
      this.#sharedBytes = keyEnd - keyStart;
      return;
    }
    const first = recordKeyStart(this.#records[0]);
    const { bytes } = this.#memtable.arena;
    this.#sharedBytes = commonPrefixLength(bytes, first, first + this.#sharedBytes, key, keyStart, keyEnd);
  }

  /** Zeros follow a key that is shorter. */
  #prefixOf(record: number): number {
    const { arena } = this.#memtable;
    const start = recordKeyStart(record) + this.#sharedBytes;
    const end = recordKeyStart(record) + recordKeyLength(arena, record);
    let prefix = 0;
    for (let at = start; at < start + SORT_PREFIX_BYTES; at++) {
      prefix = (prefix << 8) | (at < end ? arena.bytes[at] : 0);
    }
    return prefix >>> 0;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#records.length);
    larger.set(this.#records);
    this.#records = larger;
  }
}
