import { EmptyIterator } from '../base/empty-iterator.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { KIND_PUT } from '../base/internal-key.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_FOUND, LOOKUP_MISSING } from '../base/point-result.js';
import type { Bounds, HalfOpenRange } from '../read/bounds.js';
import { toHalfOpen } from '../read/bounds.js';
import type { Cover } from '../read/cover.js';
import { SetCover } from '../read/cover.js';
import { CoverCursor } from '../read/cover-cursor.js';
import { overlapsRange } from '../read/key-range.js';
import { LevelIterator } from '../read/level-iterator.js';
import { LevelPointSource } from '../read/level-point-source.js';
import { LostTableIterator } from '../read/lost-table-iterator.js';
import { mergeIterators } from '../read/merging-iterator.js';
import type { PointSource } from '../read/point-lookup.js';
import { applyCover, lookup } from '../read/point-lookup.js';
import type { ReadView } from '../read/read-view.js';
import { TableCover } from '../read/table-cover.js';
import { TablePointSource } from '../read/table-point-source.js';
import { isTableCovered, UncoveredIterator } from '../read/uncovered-iterator.js';
import { settleExpiry } from '../read/visibility.js';
import { VisibleIterator } from '../read/visible-iterator.js';
import { hashKey, storeKeyHash } from '../table/key-hash.js';
import type { RowCache } from '../table/row-cache.js';
import type { TableCache } from '../table/table-cache.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { Version } from '../version/version.js';
import type { MemtableSlot } from './memtable-slot.js';

/** So many rows lie in the cache nearest to the processor until their turn comes. */
export const LOOK_AHEAD_KEYS_MAX = 64;
/** Hashes are of 32 bits. */
const NO_HASH = -1;
const hashesAhead = new Uint32Array(LOOK_AHEAD_KEYS_MAX);

/** How to walk. */
export interface Scan {
  readonly bounds: Bounds;
  readonly isReverse: boolean;
  /** Blocks that have to be read stay in the block cache. */
  readonly fillCache: boolean;
}

/**
 * Everything that a read looks at, as one immutable value: the memtables, newest first, and the version below them. A new
 * one replaces it whole when a memtable is sealed or a version is installed. Whoever reads across turns of the event loop
 * holds a reference; the last one to let go frees the arenas and files that only this state needed (law 4).
 */
export class ReadState {
  readonly memtables: readonly MemtableSlot[];
  readonly version: Version;
  readonly #tables: TableCache;
  readonly #rows: RowCache;
  readonly #tableSources: readonly PointSource[];
  readonly #tableCovers: readonly Cover[];
  readonly #onUnused: (state: ReadState) => void;
  #referenceCount = 1;

  constructor(
    memtables: readonly MemtableSlot[],
    version: Version,
    tables: TableCache,
    rows: RowCache,
    onUnused: (state: ReadState) => void,
  ) {
    this.memtables = memtables;
    this.version = version;
    this.#tables = tables;
    this.#rows = rows;
    this.#tableSources = tableSources(version, tables);
    this.#tableCovers = tableCovers(version, tables);
    this.#onUnused = onUnused;
    for (const slot of memtables) slot.retain();
    version.retain();
  }

  retain(): void {
    this.#referenceCount++;
  }

  release(): void {
    this.#referenceCount--;
    if (this.#referenceCount === 0) this.#onUnused(this);
  }

  /**
   * What the reader sees of `key`: FOUND with its value (of kind put, or put blob with the reference), or not.
   */
  get(key: Uint8Array, view: ReadView, result: PointResult): void {
    this.#find(key, view.sequence, result);
    if (result.state === LOOKUP_FOUND && result.kind !== KIND_PUT) settleExpiry(result, view.nowMs);
  }

  /** For `keys[start, end)`, of which all are about to be looked up, at most LOOK_AHEAD_KEYS_MAX. */
  lookAhead(keys: readonly Uint8Array[], start: number, end: number): void {
    if (this.#rows.rowCount === 0) return;
    for (let i = start; i < end; i++) storeKeyHash(hashesAhead, i - start, keys[i], 0, keys[i].length);
    this.#rows.touch(hashesAhead, end - start);
  }

  /** What the reader sees of a range. The state is held by whoever uses it. */
  scan(view: ReadView, { bounds, isReverse, fillCache }: Scan): VisibleIterator {
    const cover = this.#cover(view.sequence);
    const sources = this.#scanSources(toHalfOpen(bounds), cover, fillCache);
    return new VisibleIterator(mergeIterators(sources), view, bounds, isReverse, cover);
  }

  #find(key: Uint8Array, sequenceMax: number, result: PointResult): void {
    const rows = this.#rows;
    // As long as all is in memory, a read costs no hash.
    let hash = rows.rowCount === 0 ? NO_HASH : hashKey(key, 0, key.length);
    if (hash !== NO_HASH && rows.get(key, hash, sequenceMax, result)) return;
    if (this.#findInMemtables(key, sequenceMax, result)) {
      if (hash !== NO_HASH) rows.offer(key, hash, sequenceMax, result);
      return;
    }
    if (this.#tableSources.length === 0) {
      result.state = LOOKUP_MISSING;
      return;
    }
    if (hash === NO_HASH) hash = hashKey(key, 0, key.length);
    lookup(key, hash, sequenceMax, this.#tableSources, result);
    if (result.state !== LOOKUP_MISSING) rows.offer(key, hash, sequenceMax, result);
  }

  #findInMemtables(key: Uint8Array, sequenceMax: number, result: PointResult): boolean {
    for (let i = 0; i < this.memtables.length; i++) {
      const { memtable } = this.memtables[i];
      const isFound = memtable.get(key, 0, sequenceMax, result);
      const cover = memtable.keyCover(sequenceMax);
      if (cover === undefined ? isFound : applyCover(cover, key, sequenceMax, isFound, result)) return true;
    }
    return false;
  }

  /** All range deletes, or undefined without any. Those that memtables take in later are too new for this reader. */
  #cover(sequenceMax: number): CoverCursor | undefined {
    const covers: Cover[] = [];
    for (const { memtable } of this.memtables) {
      const tombstones = memtable.rangeTombstones(sequenceMax);
      if (tombstones !== undefined) covers.push(new SetCover(tombstones));
    }
    covers.push(...this.#tableCovers);
    return covers.length === 0 ? undefined : new CoverCursor(covers, sequenceMax);
  }

  #scanSources(range: HalfOpenRange, cover: CoverCursor | undefined, fillCache: boolean): InternalIterator[] {
    const sources: InternalIterator[] = [];
    // What an empty memtable takes in later is too new for this reader.
    for (const { memtable, isEmpty } of this.memtables) if (!isEmpty) sources.push(memtable.iterator());
    const [level0, ...deeper] = this.version.levels;
    for (const table of level0) {
      if (overlapsRange(table, range)) sources.push(this.#openTable(table, cover, fillCache));
    }
    for (const level of deeper) {
      if (level.length > 0) sources.push(this.#openLevel(level, cover, fillCache));
    }
    return sources;
  }

  #openLevel(level: readonly TableMetadata[], cover: CoverCursor | undefined, fillCache: boolean): InternalIterator {
    const own = cover?.fork();
    return new LevelIterator(level, (index) => {
      const table = level[index];
      const isHidden = own !== undefined && isTableCovered(table, own, largestSequenceOf(table));
      return isHidden ? new EmptyIterator() : this.#openTable(table, own, fillCache);
    });
  }

  #openTable(table: TableMetadata, cover: CoverCursor | undefined, fillCache: boolean): InternalIterator {
    const damage = this.#tables.damageOf(table.number);
    if (damage !== undefined) return new LostTableIterator(table, damage);
    const iterator = this.#tables.get(table).iterator({ fillCache });
    return cover === undefined ? iterator : new UncoveredIterator(iterator, cover.fork(), largestSequenceOf(table));
  }
}

export function largestSequenceOf({ largestSequence, globalSequence }: TableMetadata): number {
  return Math.max(largestSequence, globalSequence);
}

function tableSources(version: Version, tables: TableCache): PointSource[] {
  const [level0, ...deeper] = version.levels;
  const sources: PointSource[] = level0.map((table) => new TablePointSource(table, () => tables.get(table)));
  for (const level of deeper) {
    if (level.length > 0) sources.push(new LevelPointSource(level, (index) => tables.get(level[index])));
  }
  return sources;
}

/** The range deletes of L0 table by table, those of deeper levels level by level. */
function tableCovers(version: Version, tables: TableCache): Cover[] {
  const [level0, ...deeper] = version.levels;
  return [...level0.map((table) => [table]), ...deeper]
    .map((disjoint) => disjoint.filter((table) => table.rangeDeleteCount > 0))
    .filter((disjoint) => disjoint.length > 0)
    .map((disjoint) => new TableCover(disjoint, (index) => tables.get(disjoint[index]).rangeTombstones));
}
