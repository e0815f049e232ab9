import type { FileSystem } from '../fs/file-system.js';
import { FrameScanner } from './frame-scanner.js';
import { FRAME_HEADER, FRAME_HEADER_BYTES, readFrameHeader } from './log-format.js';
import { LOG_HEADER_PAYLOAD_BYTES_MAX } from './log-limits.js';

/** The payload of frame 0, or undefined where no intact header of this identity stands: then the log was never started. */
export async function readLogHeader(
  fileSystem: FileSystem,
  path: string,
  identity: number,
): Promise<Uint8Array | undefined> {
  const endBytes = FRAME_HEADER_BYTES + LOG_HEADER_PAYLOAD_BYTES_MAX;
  const scanner = await FrameScanner.open(fileSystem, path, { identity, endBytes });
  try {
    const frame = await scanner.frameAt(0);
    const isHeader = frame.isIntact && frame.ordinal === 0 && frame.type === FRAME_HEADER;
    return isHeader ? scanner.copyPayload(frame) : undefined;
  } finally {
    await scanner.close();
  }
}

/** What the first frame of a file claims to be of, unchecked; undefined where the file is too short for one. */
export async function identityOfFrame0(fileSystem: FileSystem, path: string): Promise<number | undefined> {
  const handle = await fileSystem.open(path, 'read');
  try {
    if ((await handle.sizeBytes()) < FRAME_HEADER_BYTES) return undefined;
    const frame = new Uint8Array(FRAME_HEADER_BYTES);
    await handle.read(frame, 0);
    return readFrameHeader(frame, 0).identity;
  } finally {
    await handle.close();
  }
}
