import { StemeError } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { SegmentAllocator } from '../log/segment-allocator.js';
import { SegmentFiles } from '../wal/segment-writer.js';
import type { Environment } from './environment.js';

/** Segment `number` in `path`, which a manifest is about to name as the first: durable, with a header and nothing else. */
export async function writeEmptyLog(
  { fileSystem, clock, onWarning }: Pick<Environment, 'fileSystem' | 'clock' | 'onWarning'>,
  path: string,
  databaseId: number,
  number: number,
): Promise<void> {
  const allocator = new SegmentAllocator({
    fileSystem,
    directory: path,
    allocateNumber: () => number,
    segmentBytes: DIRECT_IO_BLOCK_BYTES,
    initialBytes: DIRECT_IO_BLOCK_BYTES,
    recycledMax: 0,
    onWarning: (cause) => onWarning(new StemeError('STEME_IO', 'a new log was not tidied up', { cause })),
  });
  const segments = new SegmentFiles({
    fileSystem,
    allocator,
    databaseId,
    syncMode: 'fdatasync',
    clock,
    recovered: [],
    obsoleteNumbers: [],
  });
  const segment = await segments.next(undefined, 0);
  try {
    await segment.sync();
  } finally {
    await segment.close();
  }
}
