import { describe, expect, it } from 'vitest';
import { tableName } from '../../src/base/file-names.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { TableCache } from '../../src/table/table-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { bytesOf, look, put, writeTable } from './table-fixtures.js';

interface Rig {
  readonly trace: TracingFileSystem;
  readonly cache: TableCache;
  readonly blockCache: BlockCache;
  readonly tables: readonly TableMetadata[];
}

/** Tables 0 to 4 of one key each, and a cache that keeps `openTablesMax` of them open. */
function createRig(openTablesMax: number, readMode: 'mmap' | 'pread'): Rig {
  const fileSystem = new MemoryFileSystem();
  const tables = [0, 1, 2, 3, 4].map((number) => {
    const path = `/${tableName(number)}`;
    return writeTable([put('key', 1, `value ${number}`)], { fileSystem, path, number }).summary;
  });
  const trace = new TracingFileSystem(fileSystem, '/');
  const blockCache = new BlockCache(1e6);
  const cache = new TableCache({ fileSystem: trace, directory: '/', readMode, blockCache, openTablesMax });
  return { trace, cache, blockCache, tables };
}

function countOf(lines: readonly string[], start: string): number {
  return lines.filter((line) => line.startsWith(start)).length;
}

describe.each(['mmap', 'pread'] as const)('the table cache, by %s', (readMode) => {
  it('opens a table once, when it is first asked for', () => {
    const { cache, tables, trace } = createRig(5, readMode);
    expect(trace.lines).toEqual([]);
    const reader = cache.get(tables[3]);
    const before = trace.lines.length;
    expect(cache.get(tables[3])).toBe(reader);
    expect(trace.lines.length).toBe(before);
    expect(look(reader, bytesOf('key'))).toBe('found 1 value 3');
  });

  it('keeps no more tables open than it may, and those that are asked for often', () => {
    const { cache, tables } = createRig(2, readMode);
    const busy = cache.get(tables[0]);
    for (const table of [...tables, ...tables]) {
      cache.get(table);
      expect(cache.openTableCount).toBeLessThanOrEqual(2);
      expect(cache.get(tables[0])).toBe(busy);
    }
  });

  it('lets a reader that it let go of work on, and closes all descriptors that it opened', () => {
    const { cache, tables, trace } = createRig(1, readMode);
    const reader = cache.get(tables[0]);
    const iterator = reader.iterator();
    for (const table of tables) cache.get(table);
    expect(look(reader, bytesOf('key'))).toBe('found 1 value 0');
    iterator.seekToFirst();
    expect(iterator.valid).toBe(true);
    cache.close();
    expect(countOf(trace.lines, 'close')).toBe(countOf(trace.lines, 'open'));
  });

  it('closes a table that is evicted because its file goes, and drops its blocks', () => {
    const { cache, tables, blockCache } = createRig(5, readMode);
    const reader = cache.get(tables[1]);
    look(reader, bytesOf('key'));
    look(cache.get(tables[2]), bytesOf('key'));
    expect(blockCache.blockCount).toBe(2);
    cache.evict(1);
    cache.evict(1);
    expect(blockCache.blockCount).toBe(1);
    expect(() => look(reader, bytesOf('key'))).toThrow(expect.objectContaining({ code: 'STEME_CLOSED' }));
    expect(cache.openTableCount).toBe(1);
  });

  it('opens a table under the sequence that its identity says', () => {
    const { cache, tables } = createRig(5, readMode);
    expect(look(cache.get({ ...tables[2], globalSequence: 99 }), bytesOf('key'))).toBe('found 99 value 2');
  });

  it('leaves no descriptor behind when a table cannot be opened', () => {
    const { cache, tables, trace } = createRig(5, readMode);
    const wrong = { number: 1, fileBytes: tables[1].fileBytes + 1, globalSequence: 0 };
    expect(() => cache.get(wrong)).toThrow(expect.objectContaining({ code: 'STEME_CORRUPTION' }));
    expect(cache.openTableCount).toBe(0);
    expect(countOf(trace.lines, 'close')).toBe(countOf(trace.lines, 'open'));
    expect(look(cache.get(tables[1]), bytesOf('key'))).toBe('found 1 value 1');
  });
});
