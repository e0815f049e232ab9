import { copyRange, copyToBuffer } from '../../src/base/bytes.js';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import type { FileHandle, FileSystem } from '../../src/fs/file-system.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { mergeIterators } from '../../src/read/merging-iterator.js';
import { VisibleIterator } from '../../src/read/visible-iterator.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { TableCompression } from '../../src/table/table-format.js';
import type { TableReader } from '../../src/table/table-reader.js';
import { TableWriter } from '../../src/table/table-writer.js';
import type { Micro, MicroContext } from './micro.js';
import { KEY_BYTES, KeyFeed, makeKeys, makeValues, shuffleKeys, sortKeys, VALUE_BYTES } from './micro-records.js';
import { emptyResult, makeTable, SEQUENCES_PER_TABLE, tableWriterOptions, warmTable } from './table-fixture.js';

const OPERATIONS = 200;
const READS = 50;
const TABLE_ENTRIES = 1_000_000;
/** A table of the usual size is finished then. */
const ENCODED_ENTRIES_MAX = 500_000;
const MERGED_ENTRIES = 100_000;
const MERGED_SOURCES = 4;

/** Takes what is written and keeps nothing: of writing a table everything is left but the disk. */
function discardingFileSystem(): FileSystem {
  const handle: Partial<FileHandle> = {
    writeSync: () => undefined,
    datasyncSync: () => undefined,
    closeSync: () => undefined,
  };
  const fileSystem: Partial<FileSystem> = { openSync: () => handle as FileHandle, removeSync: () => undefined };
  return fileSystem as FileSystem;
}

/** An entry in key order into a table: into its block, its key's hash for the filter, and its share of cutting and checking blocks. */
function encode(compression: TableCompression): Micro {
  return {
    name: `table/encode-${compression}`,
    prepare: ({ entriesMax }) => {
      const count = Math.min(ENCODED_ENTRIES_MAX, entriesMax);
      const keys = sortKeys(makeKeys('random', count));
      const values = makeValues();
      const options = { ...tableWriterOptions(discardingFileSystem(), '/000007.sst', 7), compression };
      let writer = new TableWriter(options);
      let next = 0;
      return {
        operations: OPERATIONS,
        beforeRun: () => {
          if (next + OPERATIONS <= count) return;
          writer.finish();
          writer = new TableWriter(options);
          next = 0;
        },
        run: () => {
          for (let end = next + OPERATIONS; next < end; next++) {
            const start = next * KEY_BYTES;
            const value = values[next % values.length];
            writer.add(keys, start, start + KEY_BYTES, next + 1, KIND_PUT, value, 0, VALUE_BYTES);
          }
          return writer.entryCount;
        },
      };
    },
  };
}

interface WarmTable {
  readonly table: TableReader;
  readonly keys: Uint8Array;
}

function warm({ directory, entriesMax }: MicroContext): WarmTable {
  const keys = sortKeys(makeKeys('random', Math.min(TABLE_ENTRIES, entriesMax)));
  const table = makeTable(directory, 7, keys);
  warmTable(table, keys);
  return { table, keys };
}

/** A point read of a table whose blocks are all cached: hash, filter, index, cache, block, and the caller's Buffer where it is found. */
function pointRead(name: string, keysOf: (keys: Uint8Array) => Uint8Array): Micro {
  return {
    name,
    prepare: (context) => {
      const { table, keys } = warm(context);
      const feed = new KeyFeed(keysOf(keys));
      const result = emptyResult();
      return {
        operations: READS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < READS; i++) {
            const key = feed.next();
            if (table.get(key, hashKey(key, 0, KEY_BYTES), SEQUENCE_MAX, result)) {
              sum += copyToBuffer(result.source, result.start, result.end)[0];
            }
          }
          return sum;
        },
        close: () => table.close(),
      };
    },
  };
}

/** From row to row of cached blocks as a scan does it: what is visible, with a key put together, and nothing handed out. */
const scan: Micro = {
  name: 'table/scan',
  prepare: (context) => {
    const { table } = warm(context);
    const bounds = { isLowerInclusive: true, isUpperInclusive: true };
    const rows = new VisibleIterator(table.iterator(), { sequence: SEQUENCE_MAX, nowMs: 0 }, bounds, false);
    rows.first();
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          sum += rows.keySource[KEY_BYTES - 1] + rows.valueSource[rows.valueStart];
          if (!rows.advance()) rows.first();
        }
        return sum;
      },
      close: () => table.close(),
    };
  },
};

/** A merged entry, key and value copied into a buffer as a compaction does: which source is next changes at random. */
function merge(
  name: string,
  open: (context: MicroContext, share: Uint8Array, index: number) => InternalIterator,
): Micro {
  return {
    name,
    prepare: (context) => {
      const keys = makeKeys('random', Math.min(MERGED_ENTRIES, context.entriesMax));
      const shareBytes = Math.floor(keys.length / KEY_BYTES / MERGED_SOURCES) * KEY_BYTES;
      const sources = Array.from({ length: MERGED_SOURCES }, (_, index) => {
        return open(context, sortKeys(keys.slice(index * shareBytes, (index + 1) * shareBytes)), index);
      });
      const merged = mergeIterators(sources);
      const target = new Uint8Array(KEY_BYTES + VALUE_BYTES);
      merged.seekToFirst();
      return {
        operations: OPERATIONS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            if (!merged.valid) merged.seekToFirst();
            copyRange(merged.keySource, merged.keyStart, merged.keyEnd, target, 0);
            copyRange(merged.valueSource, merged.valueStart, merged.valueEnd, target, KEY_BYTES);
            sum += target[0] + target[KEY_BYTES] + merged.sequence;
            merged.next();
          }
          return sum;
        },
      };
    },
  };
}

function openTable({ directory }: MicroContext, keys: Uint8Array, index: number): InternalIterator {
  return makeTable(directory, index + 1, keys).iterator();
}

function openMemtable(keys: Uint8Array, index: number): InternalIterator {
  const count = keys.length / KEY_BYTES;
  const memtable = new Memtable(Arena.create(2 ** 20 + count * 256));
  const values = makeValues();
  for (let i = 0; i < count; i++) {
    const sequence = (index + 1) * SEQUENCES_PER_TABLE + i;
    const value = values[i % values.length];
    memtable.insert(sequence, KIND_PUT, keys, i * KEY_BYTES, (i + 1) * KEY_BYTES, value, 0, VALUE_BYTES);
  }
  return memtable.iterator();
}

/** What a compaction merges. */
const mergeTables = merge('merge/4-tables', openTable);

/** What a scan of a busy database merges: two memtables and two tables, so that no call below knows its target. */
const mergeMixed = merge('merge/2-memtables-2-tables', (context, keys, index) =>
  index < 2 ? openMemtable(keys, index) : openTable(context, keys, index),
);

export const TABLE_MICROS: readonly Micro[] = [
  encode('none'),
  encode('lz4'),
  pointRead('table/get-hit', (keys) => shuffleKeys(keys)),
  pointRead('table/get-miss', (keys) => makeKeys('random', keys.length / KEY_BYTES, 9)),
  scan,
  mergeTables,
  mergeMixed,
];
