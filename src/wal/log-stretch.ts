/** A part of one segment that starts and ends with a whole record, by what a reader in any thread needs to read it again. */
import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { logName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { LogReader } from '../log/log-reader.js';
import type { WalRecordSource } from './wal-record.js';

export interface LogStretch {
  readonly segmentNumber: number;
  /** As of `ScanOptions`. */
  readonly identity: number;
  readonly alignmentBytes: number;
  readonly startBytes: number;
  /** The ordinal of the frame at `startBytes`. */
  readonly startOrdinal: number;
  readonly endBytes: number;
}

/** Whether `next` is what comes directly behind `stretch`. */
export function startsAtEndOf(stretch: LogStretch, next: LogStretch): boolean {
  return stretch.segmentNumber === next.segmentNumber && stretch.endBytes === next.startBytes;
}

/**
 * Hands out the records of a stretch whose records were all found whole before; `onRecord` says whether to go on. Errors:
 * STEME_CORRUPTION for one that is not whole any more (law 5), STEME_IO.
 */
export async function readStretch(
  fileSystem: FileSystem,
  directory: string,
  stretch: LogStretch,
  onRecord: (payload: Uint8Array, source: WalRecordSource, stretch: LogStretch) => boolean | Promise<boolean>,
): Promise<void> {
  const { segmentNumber, identity, alignmentBytes, startBytes, startOrdinal, endBytes } = stretch;
  const file = logName(segmentNumber);
  const from = { offsetBytes: startBytes, ordinal: startOrdinal };
  const scan = { identity, alignmentBytes, endBytes, from };
  const reader = await LogReader.open(fileSystem, join(directory, file), scan);
  try {
    while (reader.offsetBytes < endBytes) {
      const event = await reader.next();
      if (event.kind !== 'record') {
        const found = event.kind === 'end' ? 'the end of the log' : event.found;
        throw new CorruptionError({
          file,
          offsetBytes: event.endBytes,
          expected: 'a record that was here before',
          found,
        });
      }
      if (event.isHeader) continue;
      const { payload, offsetBytes, ordinal } = event;
      const rest = { ...stretch, startBytes: offsetBytes, startOrdinal: ordinal };
      if (!(await onRecord(payload, { file, offsetBytes }, rest))) return;
    }
  } finally {
    await reader.close();
  }
}
