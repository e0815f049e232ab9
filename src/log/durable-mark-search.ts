import type { FileSystem } from '../fs/file-system.js';
import { FrameScanner, type IntactFrame, type ScanOptions } from './frame-scanner.js';

export interface MarkSearch extends ScanOptions {
  readonly fromBytes: number;
  /** Frames with a smaller ordinal are not looked at. */
  readonly ordinalMin: number;
  /** Sought is a mark above this one. */
  readonly markAbove: number;
}

/**
 * The first intact frame that was written when more than `markAbove` was already durable, in order or not, whole record or
 * not. It proves that what is missing before it had been acknowledged (law 6).
 */
export async function findDurableMark(
  fileSystem: FileSystem,
  path: string,
  search: MarkSearch,
): Promise<IntactFrame | undefined> {
  const scanner = await FrameScanner.open(fileSystem, path, search);
  try {
    let frame = await scanner.findIntact(search.fromBytes, search.ordinalMin);
    while (frame !== undefined && frame.durableMark <= search.markAbove) {
      frame = await scanner.findIntact(frame.endBytes, search.ordinalMin);
    }
    return frame;
  } finally {
    await scanner.close();
  }
}
