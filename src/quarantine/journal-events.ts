import { CorruptionError } from '../base/errors.js';
import { LOG_FRAME_PAYLOAD_BYTES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { findDurableMark } from '../log/durable-mark-search.js';
import type { ScanOptions } from '../log/frame-scanner.js';
import type { FramePosition } from '../log/frame-writer.js';
import type { LogDamageEvent, LogRecordEvent } from '../log/log-reader.js';

/** Whether the frames that the damage took had been durable: one behind it says so (law 6). If not, the log was torn there by a crash. */
export async function wasDurable(
  fileSystem: FileSystem,
  path: string,
  { lostOrdinal, nextIntact }: LogDamageEvent,
  scan: ScanOptions,
): Promise<boolean> {
  const search = { fromBytes: nextIntact.offsetBytes, ordinalMin: lostOrdinal, markAbove: lostOrdinal };
  return (await findDurableMark(fileSystem, path, { ...scan, ...search })) !== undefined;
}

export function damageOf(file: string, { offsetBytes, expected, found }: LogDamageEvent): CorruptionError {
  return new CorruptionError({ file, offsetBytes, expected, found });
}

/** Of a file that is known to have entries up to `endBytes`, and has none from `offsetBytes` on. */
export function cutShort(file: string, offsetBytes: number, endBytes: number): CorruptionError {
  return new CorruptionError({ file, offsetBytes, expected: `entries up to byte ${endBytes}`, found: 'their end' });
}

/** Where the record behind this one starts. */
export function positionBehind({ endBytes, ordinal, payload }: LogRecordEvent): FramePosition {
  const frameCount = Math.max(1, Math.ceil(payload.length / LOG_FRAME_PAYLOAD_BYTES_MAX));
  return { sizeBytes: endBytes, frameCount: ordinal + frameCount };
}
