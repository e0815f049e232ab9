import { BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_MIN } from '../base/limits.js';
import type { Options } from '../engine/options.js';
import { optionNames } from '../engine/options.js';
import { LevelError } from './level-error.js';
import type { OpenOptions } from './level-types.js';

/**
 * The options of `open` as the engine has them. Names that neither the engine nor classic-level knows are for the hooks of
 * the program, as in every Level database, and left out.
 */
export function toEngineOptions(options: OpenOptions): Options {
  if (options.multithreading === true) {
    throw new LevelError('LEVEL_NOT_SUPPORTED', 'multithreading: a database belongs to the thread that opened it');
  }
  return { ...fromClassicOptions(options), ...ownOptions(options) };
}

function fromClassicOptions({ cacheSize, writeBufferSize, blockSize }: OpenOptions): Options {
  return {
    blockCacheBytes: cacheSize,
    // LevelDB brings these two within its bounds as well.
    memtableBytes: clamp(writeBufferSize, MEMTABLE_BYTES_MIN, MEMTABLE_BYTES_MAX),
    blockBytes: clamp(blockSize, BLOCK_BYTES_MIN, BLOCK_BYTES_MAX),
  };
}

function ownOptions(options: OpenOptions): Options {
  const known = Object.entries(options).filter(([name, value]) => value !== undefined && optionNames.has(name));
  const own: Record<string, unknown> = Object.fromEntries(known);
  if (typeof own.compression === 'boolean') own.compression = own.compression ? 'lz4' : 'none';
  return own;
}

function clamp(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined ? undefined : Math.min(Math.max(value, min), max);
}
