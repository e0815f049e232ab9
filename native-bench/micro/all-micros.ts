import { BLOCK_MICROS } from './block-micros.js';
import { CHECKSUM_MICROS } from './checksum-micros.js';
import { CODEC_MICROS } from './codec-micros.js';
import { FILE_MICROS } from './file-micros.js';
import { FILTER_CACHE_MICROS } from './filter-cache-micros.js';
import { LZ4_MICROS } from './lz4-micros.js';
import { MACHINE_MICROS } from './machine-micros.js';
import { MEMTABLE_MICROS } from './memtable-micros.js';
import type { Micro } from './micro.js';
import { ROW_CACHE_MICROS } from './row-cache-micros.js';
import { TABLE_MICROS } from './table-micros.js';
import { WAL_MICROS } from './wal-micros.js';

export const MICROS: readonly Micro[] = [
  ...MACHINE_MICROS,
  ...CODEC_MICROS,
  ...CHECKSUM_MICROS,
  ...LZ4_MICROS,
  ...MEMTABLE_MICROS,
  ...BLOCK_MICROS,
  ...FILTER_CACHE_MICROS,
  ...ROW_CACHE_MICROS,
  ...FILE_MICROS,
  ...WAL_MICROS,
  ...TABLE_MICROS,
];
