import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_TRAILER_BYTES, writeBlockTrailer } from '../../src/base/block-trailer.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { IndexBlockBuilder } from '../../src/table/index-block-builder.js';
import { encodeRangeDeletes } from '../../src/table/range-delete-block.js';
import { decodeFooter, encodeFooter, FOOTER_BYTES } from '../../src/table/table-footer.js';
import type { BlockHandle } from '../../src/table/table-format.js';
import { encodeProperties } from '../../src/table/table-properties.js';
import { TableReader } from '../../src/table/table-reader.js';
import { verifyTable } from '../../src/table/verify-table.js';
import type { VersionEntry } from '../support/array-iterator.js';
import {
  answerOf,
  fuzzRuns,
  guardedDisk,
  type Mutation,
  mutate,
  mutations,
  mutationsInPlace,
  StepLimit,
} from '../support/fuzz.js';
import {
  addEntry,
  bytesOf,
  look,
  lookInEntries,
  ODD_ENTRIES,
  openTable,
  put,
  startTable,
  TABLE_NUMBER,
  TABLE_PATH,
} from './table-fixtures.js';

/**
 * Tables whose blocks are damaged and sealed again, as only an attacker or a bug in a writer can: what is behind the checksums is
 * asked, in all ways in which readers ask.
 */

const ENTRIES: readonly VersionEntry[] = [
  ...ODD_ENTRIES,
  ...Array.from({ length: 30 }, (_, i) => put(`fig ${String(i).padStart(2, '0')}`, 10 + i, 'f'.repeat(i))),
];
const KEYS = ['', 'a', 'apple', 'banana', 'cherri', 'date', 'fig 17', 'z'].map(bytesOf);
const RANGE_DELETES = [
  { start: bytesOf('b'), end: bytesOf('cherry'), sequence: 3 },
  { start: bytesOf('c'), end: bytesOf('e'), sequence: 6 },
];

interface Section {
  readonly role: 'data' | 'filter' | 'rangeDeletes' | 'partition' | 'top' | 'properties';
  readonly content: Uint8Array;
  readonly compression: number;
}

/** The parts of a table as its writer made them, but for the index, which has as many levels as asked for. */
function sectionsOf(compression: 'none' | 'lz4', indexLevels: 1 | 2): Section[] {
  const fileSystem = new MemoryFileSystem();
  const writer = startTable(fileSystem, { blockBytes: 64, compression });
  for (const entry of ENTRIES) addEntry(writer, entry);
  for (const { start, end, sequence } of RANGE_DELETES) writer.addRangeTombstone(start, end, sequence);
  writer.noteBlobUse(5, 1000);
  const summary = writer.finish();
  const bytes = new Uint8Array(summary.fileBytes);
  fileSystem.openSync(TABLE_PATH, 'read').readSync(bytes, 0);
  const section = (role: Section['role'], { offsetBytes, sizeBytes }: BlockHandle): Section => {
    const end = offsetBytes + sizeBytes;
    return { role, content: bytes.subarray(offsetBytes, end), compression: bytes[end] };
  };
  const { filter, topIndex } = decodeFooter(bytes.subarray(-FOOTER_BYTES), TABLE_PATH, bytes.length, TABLE_NUMBER);
  const table = openTable({ fileSystem, summary });
  const index = table.partition(0, false);
  const blocks = Array.from({ length: index.count }, (_, i) => {
    return { separator: index.separator(i), offsetBytes: index.offsetBytes(i), sizeBytes: index.sizeBytes(i) };
  });
  const data = blocks.map((block) => section('data', block));
  const filters = filter === undefined ? [] : [section('filter', filter)];
  const fragments = RangeTombstoneSet.of(RANGE_DELETES).fragments;
  const rangeDeletes: Section = { role: 'rangeDeletes', content: encodeRangeDeletes(fragments), compression: 0 };
  const before = [...data, ...filters, rangeDeletes];
  const indexes = indexLevels === 1 ? [section('top', topIndex)] : twoLevels(blocks, sizeOf(before));
  const handle = { offsetBytes: sizeOf([...data, ...filters]), sizeBytes: rangeDeletes.content.length };
  const properties = encodeProperties({ ...table.properties, rangeDeletes: handle });
  return [...before, ...indexes, { role: 'properties', content: properties, compression: 0 }];
}

function twoLevels(
  blocks: readonly (BlockHandle & { readonly separator: Uint8Array })[],
  fromBytes: number,
): Section[] {
  const half = blocks.length >>> 1;
  const top = new IndexBlockBuilder();
  let offsetBytes = fromBytes;
  const partitions = [blocks.slice(0, half), blocks.slice(half)].map((part): Section => {
    const builder = new IndexBlockBuilder();
    for (const block of part) builder.add(block.separator, block.offsetBytes, block.sizeBytes);
    const { lastSeparator } = builder;
    const content = builder.finish();
    top.add(lastSeparator, offsetBytes, content.length);
    offsetBytes += content.length + BLOCK_TRAILER_BYTES;
    return { role: 'partition', content, compression: 0 };
  });
  return [...partitions, { role: 'top', content: top.finish(), compression: 0 }];
}

function sizeOf(sections: readonly Section[]): number {
  return sections.reduce((sum, { content }) => sum + content.length + BLOCK_TRAILER_BYTES, 0);
}

/** The sections back to back, each sealed, and a footer that says where they are. */
function tableOf(sections: readonly Section[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(sections) + FOOTER_BYTES);
  const handles = new Map<Section['role'], BlockHandle>();
  let offsetBytes = 0;
  for (const { role, content, compression } of sections) {
    handles.set(role, { offsetBytes, sizeBytes: content.length });
    bytes.set(content, offsetBytes);
    writeBlockTrailer(bytes, offsetBytes + content.length, content, compression, TABLE_NUMBER, offsetBytes);
    offsetBytes += content.length + BLOCK_TRAILER_BYTES;
  }
  const none = { offsetBytes: 0, sizeBytes: 0 };
  const footer = encodeFooter({
    topIndex: handles.get('top') ?? none,
    filter: handles.get('filter'),
    properties: handles.get('properties') ?? none,
    indexLevels: handles.has('partition') ? 2 : 1,
    tableNumber: TABLE_NUMBER,
    formatVersion: 2,
  });
  bytes.set(footer, offsetBytes);
  return bytes;
}

/** What the footer names may change its length; the others are named by offsets in blocks before or behind them. */
function damagedSections(sections: readonly Section[]): fc.Arbitrary<Section[]> {
  const change = fc.tuple(fc.nat(sections.length - 1), fc.oneof(mutations, mutationsInPlace), fc.nat(20));
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const damaged = [...sections];
    for (const [i, how, dice] of changes) damaged[i] = damagedSection(damaged[i], how, dice);
    return damaged;
  });
}

function damagedSection({ role, content, compression }: Section, how: readonly Mutation[], dice: number): Section {
  const changed = mutate(content, how);
  // Now and then another compression, a known one or not.
  const marked = dice < 3 ? dice : compression;
  if (role === 'top' || role === 'properties') return { role, content: changed, compression: marked };
  const inPlace = Uint8Array.from(content);
  inPlace.set(changed.subarray(0, content.length));
  return { role, content: inPlace, compression: marked };
}

function openGuarded(bytes: Uint8Array, readMode: 'mmap' | 'pread'): TableReader {
  const disk = new MemoryFileSystem();
  const handle = disk.openSync(TABLE_PATH, 'create');
  handle.writeSync(bytes, 0);
  handle.closeSync();
  return TableReader.openSync({
    fileSystem: guardedDisk(disk, 2000),
    path: TABLE_PATH,
    number: TABLE_NUMBER,
    fileBytes: bytes.length,
    readMode,
    blockCache: new BlockCache(1e6),
  });
}

/** Asks everything that can be asked, each question by itself; returns how many were refused. */
function askAll(bytes: Uint8Array, readMode: 'mmap' | 'pread'): number {
  let refusedCount = 0;
  const ask = (question: () => void): void => {
    if ('refused' in answerOf(question)) refusedCount++;
  };
  ask(() => {
    const table = openGuarded(bytes, readMode);
    for (const key of KEYS) {
      // Twice: blocks that are asked again answer in another way.
      for (let i = 0; i < 3; i++) ask(() => look(table, key));
      ask(() => walk(table, bytes.length, (iterator) => iterator.seek(key), 'next'));
      ask(() => walk(table, bytes.length, (iterator) => iterator.seekBefore(key), 'prev'));
      table.rangeTombstones?.coveringSequence(key, 0, key.length, 8);
    }
    ask(() => walk(table, bytes.length, (iterator) => iterator.seekToFirst(), 'next'));
    ask(() => walk(table, bytes.length, (iterator) => iterator.seekToLast(), 'prev'));
    ask(() => verifyTable(table));
    table.close();
  });
  return refusedCount;
}

function walk(
  table: TableReader,
  stepsMax: number,
  start: (iterator: ReturnType<TableReader['iterator']>) => void,
  move: 'next' | 'prev',
): number {
  const limit = new StepLimit(ENTRIES.length + 255 * stepsMax);
  const iterator = table.iterator();
  let count = 0;
  for (start(iterator); iterator.valid; iterator[move]()) {
    limit.step();
    count++;
  }
  return count;
}

const VARIANTS = (['none', 'lz4'] as const).flatMap((compression) =>
  ([1, 2] as const).map((indexLevels) => ({ compression, indexLevels })),
);

describe.each(VARIANTS)(
  'a table whose checksums were made to fit the damage: $compression, $indexLevels index levels',
  (variant) => {
    const sections = sectionsOf(variant.compression, variant.indexLevels);

    it('is a good table before it is damaged', () => {
      const bytes = tableOf(sections);
      expect(askAll(bytes, 'pread')).toBe(0);
      const table = openGuarded(bytes, 'pread');
      for (const key of KEYS) expect(look(table, key)).toBe(lookInEntries(ENTRIES, key, Number.MAX_SAFE_INTEGER));
      expect(walk(table, bytes.length, (iterator) => iterator.seekToLast(), 'prev')).toBe(ENTRIES.length);
    });

    it('answers or refuses whatever it is asked, comes to an end, and stays inside its file', () => {
      let refusedCount = 0;
      const property = fc.property(damagedSections(sections), fc.constantFrom('mmap', 'pread'), (damaged, readMode) => {
        if (askAll(tableOf(damaged), readMode) > 0) refusedCount++;
      });
      fc.assert(property, fuzzRuns(400));
      expect(refusedCount).toBeGreaterThan(0);
    });
  },
);
