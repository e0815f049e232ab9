import { join } from 'node:path';
import { assert } from '../base/errors.js';
import { tableName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import type { BlockCache } from './block-cache.js';
import type { TableIdentity } from './table-metadata.js';
import { type ReadCounters, TableReader } from './table-reader.js';

export interface TableCacheOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly readMode: 'mmap' | 'pread';
  readonly blockCache: BlockCache;
  /** Readers kept open; one more is opened only after another is let go (law 8). */
  readonly openTablesMax: number;
  /** Tables that cannot be opened, and what is thrown to whoever asks for one. */
  readonly damaged?: ReadonlyMap<number, Error>;
}

interface Slot {
  readonly reader: TableReader;
  /** Asked for since the hand of the clock last came by. */
  isRecent: boolean;
}

/**
 * The open tables of a directory. Tables are opened when first asked for; past `openTablesMax` those go that were
 * not asked for lately (second chance: a hit is one map lookup and one store).
 *
 * A reader that was let go still works for whoever holds it, an iterator for instance: a mapping lives until nobody
 * refers to it, and a file that is read was put to rest, see BlockSource. So users neither count nor release.
 */
export class TableCache {
  readonly #options: TableCacheOptions;
  readonly #slots = new Map<number, Slot>();
  readonly counters: ReadCounters = { filterFalsePositives: 0 };

  constructor(options: TableCacheOptions) {
    assert(options.openTablesMax > 0, 'a table cache keeps tables open');
    this.#options = options;
  }

  get openTableCount(): number {
    return this.#slots.size;
  }

  /** The reader of a table, opened if need be. */
  get(table: TableIdentity): TableReader {
    const slot = this.#slots.get(table.number);
    if (slot === undefined) return this.#open(table);
    slot.isRecent = true;
    return slot.reader;
  }

  /** Why the table cannot be opened; undefined for all others. */
  damageOf(number: number): Error | undefined {
    return this.#options.damaged?.get(number);
  }

  /** Closes a table whose file is about to be deleted, and drops its blocks. Nobody may read it any more (law 4). */
  evict(number: number): void {
    this.#slots.get(number)?.reader.close();
    this.#slots.delete(number);
    this.#options.blockCache.evictTable(number);
  }

  close(): void {
    for (const { reader } of this.#slots.values()) reader.close();
    this.#slots.clear();
  }

  #open({ number, fileBytes, globalSequence, databaseId }: TableIdentity): TableReader {
    const { fileSystem, directory, readMode, blockCache, openTablesMax } = this.#options;
    const damage = this.damageOf(number);
    if (damage !== undefined) throw damage;
    while (this.#slots.size >= openTablesMax) this.#letGoOfOne();
    const path = join(directory, tableName(number));
    const file = { fileSystem, path, number, fileBytes, globalSequence, databaseId };
    const reader = TableReader.openSync({ ...file, readMode, blockCache, counters: this.counters });
    this.#slots.set(number, { reader, isRecent: false });
    return reader;
  }

  /** The map keeps its order of insertion: the hand of the clock stands at its front. */
  #letGoOfOne(): void {
    for (const [number, slot] of this.#slots) {
      this.#slots.delete(number);
      if (!slot.isRecent) {
        slot.reader.rest();
        // Blocks in place would keep the whole mapping alive.
        this.#options.blockCache.evictTable(number);
        return;
      }
      slot.isRecent = false;
      this.#slots.set(number, slot);
    }
  }
}
