import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, EMPTY_BYTES } from '../../src/base/bytes.js';
import { EmptyIterator } from '../../src/base/empty-iterator.js';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import type { PointResult } from '../../src/base/point-result.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, LOOKUP_MISSING } from '../../src/base/point-result.js';
import type { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { boundsOf } from '../../src/read/bounds.js';
import type { Cover } from '../../src/read/cover.js';
import { SetCover } from '../../src/read/cover.js';
import { CoverCursor } from '../../src/read/cover-cursor.js';
import { LevelIterator } from '../../src/read/level-iterator.js';
import { LevelPointSource } from '../../src/read/level-point-source.js';
import { mergeIterators } from '../../src/read/merging-iterator.js';
import type { PointSource, TableSource } from '../../src/read/point-lookup.js';
import { lookup } from '../../src/read/point-lookup.js';
import { TableCover } from '../../src/read/table-cover.js';
import { TablePointSource } from '../../src/read/table-point-source.js';
import { isTableCovered, UncoveredIterator } from '../../src/read/uncovered-iterator.js';
import { settleExpiry } from '../../src/read/visibility.js';
import { VisibleIterator } from '../../src/read/visible-iterator.js';
import { ArrayIterator } from '../support/array-iterator.js';
import type { Contents, Table, Write } from './arbitrary-history.js';
import {
  arbitraryHistory,
  EXPIRY_MS_MAX,
  leavesValue,
  newestWrite,
  sourcesOf,
  tableOf,
  tablesOf,
  valueOfWrite,
  visibleEntries,
} from './arbitrary-history.js';
import { arbitraryKey } from './arbitrary-versions.js';

/** Newest first: a memtable, some tables of L0, the rest in levels. */
interface Tree {
  readonly memtable: Contents;
  readonly level0: readonly Table[];
  readonly levels: readonly (readonly Table[])[];
}

function treeOf(history: readonly Write[], cuts: readonly number[], entriesMax: number): Tree {
  const [memtable, ...rest] = sourcesOf(history, cuts);
  const level0 = rest.slice(0, 2).flatMap(tableOf);
  return { memtable, level0, levels: rest.slice(2).map((source) => tablesOf(source, entriesMax)) };
}

const arbitraryMoment = fc.record({
  moment: fc.double({ min: 0, max: 1, noNaN: true }),
  nowMs: fc.integer({ min: 0, max: EXPIRY_MS_MAX + 1 }),
});
const arbitraryCuts = fc.array(fc.nat(1000), { maxLength: 6 });
const arbitraryEntriesMax = fc.integer({ min: 1, max: 8 });

function setOf({ tombstones }: Contents): RangeTombstoneSet | undefined {
  return tombstones.isEmpty ? undefined : tombstones;
}

/** A table as its reader answers: points only, and the range deletes beside them. */
function tableSource(contents: Contents): TableSource {
  return {
    rangeTombstones: setOf(contents),
    get(key, _keyHash, sequenceMax, result) {
      const found = contents.entries.find(
        (entry) => compareBytes(entry.key, key) === 0 && entry.sequence <= sequenceMax,
      );
      if (found === undefined) return false;
      result.kind = found.kind;
      result.state = found.value.length === 0 ? LOOKUP_DELETED : LOOKUP_FOUND;
      result.source = found.value;
      result.start = 0;
      result.end = found.value.length;
      result.sequence = found.sequence;
      return true;
    },
  };
}

const EVERY_KEY = {
  smallestKey: Uint8Array.of(0),
  largestKey: new Uint8Array(9).fill(0xff),
  isLargestKeyExclusive: true,
};

function pointSources({ memtable, level0, levels }: Tree): PointSource[] {
  return [
    new TablePointSource(EVERY_KEY, () => tableSource(memtable)),
    ...level0.map((table) => new TablePointSource(table, () => tableSource(table))),
    ...levels.map((tables) => new LevelPointSource(tables, (index) => tableSource(tables[index]))),
  ];
}

function coversOf({ memtable, level0, levels }: Tree): Cover[] {
  const disjoint = [...level0.map((table) => [table]), ...levels];
  return [
    new SetCover(memtable.tombstones),
    ...disjoint
      .map((tables) => tables.filter((table) => !table.tombstones.isEmpty))
      .map((tables) => new TableCover(tables, (index) => tables[index].tombstones)),
  ];
}

function scanSources({ memtable, level0, levels }: Tree, cover: CoverCursor): InternalIterator[] {
  const open = (table: Table): InternalIterator =>
    new UncoveredIterator(new ArrayIterator(table.entries), cover.fork(), table.largestSequence);
  return [
    new ArrayIterator(memtable.entries),
    ...level0.map(open),
    ...levels.map(
      (tables) =>
        new LevelIterator(tables, (index) =>
          isTableCovered(tables[index], cover, tables[index].largestSequence)
            ? new EmptyIterator()
            : open(tables[index]),
        ),
    ),
  ];
}

function shown(iterator: VisibleIterator): { key: Uint8Array; value: Uint8Array } | undefined {
  if (!iterator.valid) return undefined;
  return {
    key: iterator.keySource.slice(iterator.keyStart, iterator.keyEnd),
    value: iterator.valueSource.slice(iterator.valueStart, iterator.valueEnd),
  };
}

describe('a history of puts, deletes, range deletes and expiring puts, in a tree', () => {
  it('is looked up as a list of writes would be', () => {
    const property = fc.property(
      arbitraryHistory(40),
      arbitraryCuts,
      arbitraryEntriesMax,
      arbitraryMoment,
      fc.array(arbitraryKey, { minLength: 1, maxLength: 12 }),
      (history, cuts, entriesMax, { moment, nowMs }, keys) => {
        const sources = pointSources(treeOf(history, cuts, entriesMax));
        const sequenceMax = Math.round(moment * history.length);
        const result: PointResult = {
          state: LOOKUP_FOUND,
          source: EMPTY_BYTES,
          start: 0,
          end: 0,
          sequence: 9,
          kind: 1,
        };
        for (const key of keys) {
          lookup(key, 0, sequenceMax, sources, result);
          const index = newestWrite(history, key, sequenceMax);
          expect(result.sequence).toBe(index + 1);
          if (index === -1) {
            expect(result.state).toBe(LOOKUP_MISSING);
            continue;
          }
          if (result.state === LOOKUP_FOUND) settleExpiry(result, nowMs);
          expect(result.state === LOOKUP_FOUND).toBe(leavesValue(history[index], nowMs));
          if (result.state !== LOOKUP_FOUND) continue;
          expect(result.source.slice(result.start, result.end)).toEqual(valueOfWrite(index + 1));
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });

  it('is scanned as a list of writes would be, in both directions, within any bounds, from any key', () => {
    const bound = fc.option(arbitraryKey, { nil: undefined });
    const property = fc.property(
      fc.oneof({ weight: 5, arbitrary: arbitraryHistory(40) }, { weight: 1, arbitrary: arbitraryHistory(300) }),
      arbitraryCuts,
      arbitraryEntriesMax,
      arbitraryMoment,
      fc.boolean(),
      fc.record({ gte: bound, lt: bound }),
      fc.array(arbitraryKey, { maxLength: 6 }),
      (history, cuts, entriesMax, { moment, nowMs }, isReverse, range, targets) => {
        const tree = treeOf(history, cuts, entriesMax);
        const view = { sequence: Math.round(moment * history.length), nowMs };
        const cover = new CoverCursor(coversOf(tree), view.sequence);
        const merged = mergeIterators(scanSources(tree, cover));
        const iterator = new VisibleIterator(merged, view, boundsOf(range), isReverse, cover.fork());
        const { gte, lt } = range;
        const model = visibleEntries(history, view.sequence, nowMs).filter(
          ({ key }) =>
            (gte === undefined || compareBytes(key, gte) >= 0) && (lt === undefined || compareBytes(key, lt) < 0),
        );
        if (isReverse) model.reverse();
        const entries: unknown[] = [];
        for (let isThere = iterator.first(); isThere; isThere = iterator.advance()) entries.push(shown(iterator));
        expect(entries).toEqual(model);
        for (const target of targets) {
          const rest = model.filter(({ key }) =>
            isReverse ? compareBytes(key, target) <= 0 : compareBytes(key, target) >= 0,
          );
          expect(iterator.seek(target)).toBe(rest.length > 0);
          expect(shown(iterator)).toEqual(rest[0]);
          expect(iterator.advance()).toBe(rest.length > 1);
          expect(shown(iterator)).toEqual(rest[1]);
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });
});
