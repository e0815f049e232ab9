import type { InternalIterator } from '../base/internal-iterator.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_MISSING } from '../base/point-result.js';
import { LevelIterator } from '../read/level-iterator.js';
import { LevelPointSource } from '../read/level-point-source.js';
import { mergeIterators } from '../read/merging-iterator.js';
import type { PointSource } from '../read/point-lookup.js';
import { lookup } from '../read/point-lookup.js';
import { TablePointSource } from '../read/table-point-source.js';
import { hashKey } from '../table/key-hash.js';
import type { TableCache } from '../table/table-cache.js';
import type { Version } from '../version/version.js';
import type { MemtableSlot } from './memtable-slot.js';

/**
 * Everything that a read looks at, as one immutable value: the memtables, newest first, and the version below them. A new
 * one replaces it whole when a memtable is sealed or a version is installed. Whoever reads across turns of the event loop
 * holds a reference; the last one to let go frees the arenas and files that only this state needed (law 4).
 */
export class ReadState {
  readonly memtables: readonly MemtableSlot[];
  readonly version: Version;
  readonly #tables: TableCache;
  readonly #tableSources: readonly PointSource[];
  readonly #onUnused: (state: ReadState) => void;
  #referenceCount = 1;

  constructor(
    memtables: readonly MemtableSlot[],
    version: Version,
    tables: TableCache,
    onUnused: (state: ReadState) => void,
  ) {
    this.memtables = memtables;
    this.version = version;
    this.#tables = tables;
    this.#tableSources = tableSources(version, tables);
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

  /** The newest version of `key` at or below `sequenceMax`; memtables first, so that a hot key costs no hash. */
  get(key: Uint8Array, sequenceMax: number, result: PointResult): void {
    for (let i = 0; i < this.memtables.length; i++) {
      if (this.memtables[i].memtable.get(key, 0, sequenceMax, result)) return;
    }
    if (this.#tableSources.length === 0) {
      result.state = LOOKUP_MISSING;
      return;
    }
    lookup(key, hashKey(key, 0, key.length), sequenceMax, this.#tableSources, result);
  }

  iterator(): InternalIterator {
    const sources = this.memtables.map((slot) => slot.memtable.iterator());
    const [level0, ...deeper] = this.version.levels;
    for (const table of level0) sources.push(this.#tables.get(table).iterator());
    for (const level of deeper) {
      if (level.length === 0) continue;
      sources.push(new LevelIterator(level, (index) => this.#tables.get(level[index]).iterator()));
    }
    return mergeIterators(sources);
  }
}

function tableSources(version: Version, tables: TableCache): PointSource[] {
  const [level0, ...deeper] = version.levels;
  const sources: PointSource[] = level0.map((table) => new TablePointSource(table, () => tables.get(table)));
  for (const level of deeper) {
    if (level.length > 0) sources.push(new LevelPointSource(level, (index) => tables.get(level[index])));
  }
  return sources;
}
