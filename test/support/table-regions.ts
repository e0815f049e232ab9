import { BLOCK_TRAILER_BYTES } from '../../src/base/block-trailer.js';
import { CorruptionError } from '../../src/base/errors.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { BlockSource, type BlockSourceOptions } from '../../src/table/block-source.js';
import { decodeFooter, FOOTER_BYTES } from '../../src/table/table-footer.js';
import type { BlockHandle } from '../../src/table/table-format.js';
import { TableReader } from '../../src/table/table-reader.js';

export interface Region {
  readonly name: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** What stands where in a table, each block with its trailer; empty where the file is no whole table. */
export async function tableRegions(fileSystem: FileSystem, path: string, number: number): Promise<Region[]> {
  const fileBytes = (await fileSystem.statBytes(path)) ?? 0;
  try {
    return regionsOf({ fileSystem, path, number, fileBytes, readMode: 'pread' });
  } catch (error) {
    if (error instanceof CorruptionError) return [];
    throw error;
  }
}

function regionsOf(options: BlockSourceOptions): Region[] {
  const { fileBytes, path, number } = options;
  const source = new BlockSource(options);
  const { topIndex, filter, properties, indexLevels } = decodeFooter(source.readFooter(), path, fileBytes, number);
  source.close();
  const table = TableReader.openSync({ ...options, blockCache: new BlockCache(0) });
  const regions = dataRegions(table);
  // Partitions stand back to back before the top index, behind the last data block or the filter.
  const filterEnd = filter === undefined ? 0 : filter.offsetBytes + filter.sizeBytes + BLOCK_TRAILER_BYTES;
  const partitionsStart = Math.max(filterEnd, endOf(regions));
  if (indexLevels === 2) regions.push(between('index partitions', partitionsStart, topIndex.offsetBytes));
  if (filter !== undefined) regions.push(regionOf('filter', filter));
  regions.push(regionOf('top index', topIndex), regionOf('properties', properties));
  const { rangeDeletes } = table.properties;
  if (rangeDeletes !== undefined) regions.push(regionOf('range deletes', rangeDeletes));
  regions.push(between('footer', fileBytes - FOOTER_BYTES, fileBytes));
  table.close();
  return regions;
}

function dataRegions(table: TableReader): Region[] {
  const regions: Region[] = [];
  for (let i = 0; i < table.partitionCount; i++) {
    const partition = table.partition(i, false);
    for (let block = 0; block < partition.count; block++) {
      const handle = { offsetBytes: partition.offsetBytes(block), sizeBytes: partition.sizeBytes(block) };
      regions.push(regionOf('data block', handle));
    }
  }
  return regions;
}

function endOf(regions: readonly Region[]): number {
  return regions.reduce((end, { offsetBytes, lengthBytes }) => Math.max(end, offsetBytes + lengthBytes), 0);
}

function regionOf(name: string, { offsetBytes, sizeBytes }: BlockHandle): Region {
  return { name, offsetBytes, lengthBytes: sizeBytes + BLOCK_TRAILER_BYTES };
}

function between(name: string, start: number, end: number): Region {
  return { name, offsetBytes: start, lengthBytes: end - start };
}
