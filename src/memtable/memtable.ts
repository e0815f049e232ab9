import { assert } from '../base/errors.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { KIND_DELETE, KIND_RANGE_DELETE } from '../base/internal-key.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_DELETED, LOOKUP_FOUND } from '../base/point-result.js';
import type { KeyCover, RangeTombstone, RangeTombstoneSet } from '../base/range-tombstones.js';
import { ARENA_HEADER_BYTES, Arena, ROOT_SLOT } from './arena.js';
import { MemtableIterator } from './memtable-iterator.js';
import { MemtableTombstones, publishRangeDelete, rangeDeletesAfter } from './memtable-tombstones.js';
import {
  addChild,
  createFork,
  findOwnSlot,
  findSlot,
  NODE_BYTES_PER_RECORD_MAX,
  NODE_GROWTH_BYTES_MAX,
  nodeDepth,
  someRecordBelow,
  symbolAt,
} from './radix-node.js';
import {
  linkOlder,
  olderRecord,
  recordBytes,
  recordKeyLength,
  recordKeyStart,
  recordKind,
  recordSequence,
  recordValueLength,
  recordValueStart,
  writeRecord,
} from './record.js';

/** What another thread needs to read a memtable: post it, then `Memtable.attach` it there. */
export interface MemtableShare {
  readonly memory: ArrayBufferLike;
  readonly limitBytes: number;
}

/** What a memtable knows of its content: with it another thread can go on inserting. */
export interface MemtableFill {
  readonly usedBytes: number;
  readonly entryCount: number;
  readonly userBytes: number;
}

/**
 * An ordered, multi-version map in shared memory: an adaptive radix tree over an arena. One thread inserts; any thread
 * reads at the same time without a lock (radix-node.ts says why that is safe). A reader passes the highest sequence it
 * may see; what is newer is in the tree already, and passed over (law 2).
 */
export class Memtable {
  readonly #arena: Arena;
  readonly #tombstones: MemtableTombstones;
  /** Another thread inserts. */
  readonly #isForeign: boolean;
  #unlinkedCount = 0;
  #entryCount = 0;
  #userBytes = 0;

  /** `arena` is freshly reset, or attached (`isForeign`). */
  constructor(arena: Arena, isForeign = false) {
    assert(arena.usedBytes === ARENA_HEADER_BYTES, 'a memtable starts in an empty arena');
    this.#arena = arena;
    this.#isForeign = isForeign;
    this.#tombstones = new MemtableTombstones(arena);
  }

  /** A reader of a memtable that another thread fills. */
  static attach(share: MemtableShare): Memtable {
    return new Memtable(new Arena(share.memory, share.limitBytes), true);
  }

  /** An empty one for this thread to fill, whatever the memory held before. */
  static begin({ memory, limitBytes }: MemtableShare): Memtable {
    const arena = new Arena(memory, limitBytes);
    arena.reset();
    return new Memtable(arena);
  }

  /** Goes on where another thread has left off, which inserts no more. */
  takeOver({ usedBytes, entryCount, userBytes }: MemtableFill): void {
    assert(this.#entryCount === 0, 'a memtable that this thread has filled is not filled by another');
    this.#arena.takeOver(usedBytes);
    this.#entryCount = entryCount;
    this.#userBytes = userBytes;
  }

  get fill(): MemtableFill {
    return { usedBytes: this.#arena.usedBytes, entryCount: this.#entryCount, userBytes: this.#userBytes };
  }

  share(): MemtableShare {
    return { memory: this.#arena.memory, limitBytes: this.#arena.limitBytes };
  }

  get arena(): Arena {
    return this.#arena;
  }

  get usedBytes(): number {
    return this.#arena.usedBytes;
  }

  /** Versions and range deletes inserted by this thread, or by one that it took over from. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** Keys and values of those, without overhead. */
  get userBytes(): number {
    return this.#userBytes;
  }

  /** Upper bound of what `count` records of together `keyAndValueBytes` take in a memtable that starts empty. */
  static boundBytes(count: number, keyAndValueBytes: number): number {
    return count * (recordBytes(0, 0) + NODE_BYTES_PER_RECORD_MAX) + keyAndValueBytes;
  }

  /**
   * Whether `count` more records fit, whatever their keys. Two bounds hold, and either is enough: every new record may
   * grow a node that earlier ones filled, as may those that are not linked yet; and all records since the start take no more
   * than `boundBytes`. The first is tight for few records in a full arena, the second for many in an empty one.
   */
  hasRoom(count: number, keyAndValueBytes: number): boolean {
    const growthBytes = (this.#unlinkedCount + count) * NODE_GROWTH_BYTES_MAX;
    const worstBytes = count * recordBytes(0, 0) + keyAndValueBytes + growthBytes;
    if (this.#arena.hasRoom(worstBytes)) return true;
    const wholeBytes = Memtable.boundBytes(this.#entryCount + count, this.#userBytes + keyAndValueBytes);
    return ARENA_HEADER_BYTES + wholeBytes <= this.#arena.limitBytes;
  }

  /** Inserts one version, or a range delete whose value is its end. `sequence` is above that of earlier versions of the key, and of range deletes; the caller has asked `hasRoom`. */
  insert(
    sequence: number,
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const record = writeRecord(this.#arena, sequence, kind, key, keyStart, keyEnd, value, valueStart, valueEnd);
    this.#entryCount++;
    this.#userBytes += keyEnd - keyStart + valueEnd - valueStart;
    if (kind === KIND_RANGE_DELETE) publishRangeDelete(this.#arena, record);
    else this.#link(record, key, keyStart, keyEnd);
  }

  /**
   * The first half of an insert, of anything but a range delete: the version is in the arena and nobody finds it before `link`.
   * Returns its record.
   */
  append(
    sequence: number,
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    this.#entryCount++;
    this.#userBytes += keyEnd - keyStart + valueEnd - valueStart;
    this.#unlinkedCount++;
    return writeRecord(this.#arena, sequence, kind, key, keyStart, keyEnd, value, valueStart, valueEnd);
  }

  /**
   * The second half, for `records[start, end)` in this order, in which versions of one key have ascending sequences. All are looked
   * at before the first is linked: then they come out of memory together, and not one after the other.
   */
  link(records: Int32Array, start: number, end: number): void {
    const arena = this.#arena;
    let lengths = 0;
    for (let i = start; i < end; i++) lengths += recordKeyLength(arena, records[i]);
    assert(lengths > 0 || start === end, 'a record has a key');
    for (let i = start; i < end; i++) {
      const keyStart = recordKeyStart(records[i]);
      this.#link(records[i], arena.bytes, keyStart, keyStart + recordKeyLength(arena, records[i]));
    }
    this.#unlinkedCount -= end - start;
  }

  #link(record: number, key: Uint8Array, keyStart: number, keyEnd: number): void {
    const arena = this.#arena;
    const { words } = arena;
    let slot = ROOT_SLOT;
    let child = words[slot];
    if (child === 0) {
      Atomics.store(words, slot, -record);
      return;
    }
    let depth = -1;
    let hasSkipped = false;
    while (child > 0) {
      const parentDepth = depth;
      depth = nodeDepth(arena, child);
      hasSkipped ||= depth !== parentDepth + 1;
      const symbol = symbolAt(key, keyStart, keyEnd, depth);
      const next = findOwnSlot(arena, child, symbol);
      if (next === 0) {
        // With every position compared on the way, no record below needs a look: that saves a cache miss.
        if (!hasSkipped) {
          addChild(arena, slot, symbol, -record);
          return;
        }
        break;
      }
      slot = next;
      child = words[slot];
    }
    const leaf = child < 0 ? -child : someRecordBelow(arena, child);
    const mismatch = sharedPrefixLength(arena, leaf, key, keyStart, keyEnd);
    if (child < 0 && mismatch === keyEnd - keyStart && mismatch === recordKeyLength(arena, leaf)) {
      linkOlder(arena, record, leaf);
      Atomics.store(words, slot, -record);
    } else if (child > 0 && mismatch === depth) {
      addChild(arena, slot, symbolAt(key, keyStart, keyEnd, depth), -record);
    } else {
      this.#fork(record, leaf, mismatch, key, keyStart, keyEnd);
    }
  }

  /** The key leaves the tree at `mismatch`, inside a stretch that the nodes skip: a new node there takes both sides. */
  #fork(record: number, leaf: number, mismatch: number, key: Uint8Array, keyStart: number, keyEnd: number): void {
    const arena = this.#arena;
    const { words, bytes } = arena;
    let slot = ROOT_SLOT;
    let child = words[slot];
    while (child > 0) {
      const depth = nodeDepth(arena, child);
      if (depth >= mismatch) break;
      slot = findOwnSlot(arena, child, symbolAt(key, keyStart, keyEnd, depth));
      child = words[slot];
    }
    const symbol = symbolAt(key, keyStart, keyEnd, mismatch);
    if (child > 0 && nodeDepth(arena, child) === mismatch) {
      addChild(arena, slot, symbol, -record);
      return;
    }
    const leafKey = recordKeyStart(leaf);
    const leafSymbol = symbolAt(bytes, leafKey, leafKey + recordKeyLength(arena, leaf), mismatch);
    Atomics.store(words, slot, createFork(arena, mismatch, leafSymbol, child, symbol, -record));
  }

  /** Of its range deletes those that a reader at `sequenceMax` sees, the newest over each key; undefined without any. */
  rangeTombstones(sequenceMax: number): RangeTombstoneSet | undefined {
    return this.#tombstones.seenAt(sequenceMax)?.toSet();
  }

  /** The same for a point read, which need not know all of them. Good until the next range delete. */
  keyCover(sequenceMax: number): KeyCover | undefined {
    return this.#tombstones.seenAt(sequenceMax);
  }

  /** All range deletes whose sequence is above `sequence`, newest first. */
  rangeDeletesAfter(sequence: number): RangeTombstone[] {
    return rangeDeletesAfter(this.#arena, sequence);
  }

  /** The newest version of `key` at or below `sequenceMax`; false if there is none here. `keyHash` is not used. */
  get(key: Uint8Array, _keyHash: number, sequenceMax: number, result: PointResult): boolean {
    const arena = this.#arena;
    const { words } = arena;
    const keyLength = key.length;
    const isForeign = this.#isForeign;
    let child = isForeign ? Atomics.load(words, ROOT_SLOT) : words[ROOT_SLOT];
    while (child > 0) {
      const symbol = symbolAt(key, 0, keyLength, nodeDepth(arena, child));
      const slot = isForeign ? findSlot(arena, child, symbol) : findOwnSlot(arena, child, symbol);
      if (slot === 0) return false;
      child = isForeign ? Atomics.load(words, slot) : words[slot];
    }
    if (child === 0) return false;
    let record = -child;
    if (recordKeyLength(arena, record) !== keyLength) return false;
    if (sharedPrefixLength(arena, record, key, 0, keyLength) !== keyLength) return false;
    while (recordSequence(arena, record) > sequenceMax) {
      record = olderRecord(arena, record);
      if (record === 0) return false;
    }
    result.kind = recordKind(arena, record);
    result.state = result.kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND;
    result.source = arena.bytes;
    result.start = recordValueStart(record, keyLength);
    result.end = result.start + recordValueLength(arena, record);
    result.sequence = recordSequence(arena, record);
    return true;
  }

  /** All versions, those inserted later included or not: a reader filters by sequence. */
  iterator(): InternalIterator {
    return new MemtableIterator(this.#arena);
  }
}

function sharedPrefixLength(arena: Arena, record: number, key: Uint8Array, keyStart: number, keyEnd: number): number {
  const { bytes } = arena;
  const recordKey = recordKeyStart(record);
  const limit = Math.min(recordKeyLength(arena, record), keyEnd - keyStart);
  let length = 0;
  while (length < limit && bytes[recordKey + length] === key[keyStart + length]) length++;
  return length;
}
