/** LZ4 as stored: the length of the content before compression (u32), then a raw LZ4 block. */
import { compressSync, uncompressSync } from 'lz4-napi';
import { readUint32 } from './bytes.js';
import { CorruptionError } from './errors.js';

const LENGTH_BYTES = 4;
/** A byte of an LZ4 block stands for at most 255 bytes of content. */
const LZ4_RATIO_MAX = 255;
/** Below an eighth, decompressing at every read costs more than the space is worth. */
const SAVING_MIN = 1 / 8;

/** The compressed form of `content`, or undefined if it does not save enough. */
export function compressLz4(content: Uint8Array): Uint8Array | undefined {
  // The addon takes a Buffer type but any view works, and to make one of each block would cost.
  const stored = compressSync(content as Buffer);
  return stored.length <= content.length * (1 - SAVING_MIN) ? stored : undefined;
}

/**
 * The content of `stored`, which is checked and stands at `offsetBytes` of `file`: 1 to `contentBytesMax` bytes. What it claims
 * to be is compared with that before memory is taken (law 10).
 */
export function decompressLz4(
  stored: Uint8Array,
  contentBytesMax: number,
  file: string,
  offsetBytes: number,
): Uint8Array {
  const claimed = stored.length > LENGTH_BYTES ? readUint32(stored, 0) : 0;
  const limit = Math.min(contentBytesMax, stored.length * LZ4_RATIO_MAX);
  if (claimed === 0 || claimed > limit) {
    const found = `a claim of ${claimed} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected: `an LZ4 block of 1 to ${limit} bytes`, found });
  }
  const content = uncompress(stored, file, offsetBytes);
  if (content.length !== claimed) {
    const found = `${content.length} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected: `an LZ4 block of ${claimed} bytes`, found });
  }
  return new Uint8Array(content.buffer, content.byteOffset, content.length);
}

function uncompress(stored: Uint8Array, file: string, offsetBytes: number): Buffer {
  try {
    return uncompressSync(stored);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new CorruptionError({ file, offsetBytes, expected: 'an LZ4 block', found }, { cause });
  }
}
