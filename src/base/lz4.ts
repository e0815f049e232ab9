/** LZ4 as stored: the length of the content before compression (u32), then a raw LZ4 block. */
import { compressSync, uncompressSync } from 'lz4-napi';
import { readUint32 } from './bytes.js';
import { CorruptionError } from './errors.js';
import { KIB } from './limits.js';
import { decodeLz4Block, type ViewedBytes, viewedBytes } from './lz4-block.js';

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
  const claimed = claimedBytes(stored, contentBytesMax, file, offsetBytes);
  const content = uncompress(stored, file, offsetBytes);
  if (content.length !== claimed) {
    const found = `${content.length} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected: `an LZ4 block of ${claimed} bytes`, found });
  }
  return new Uint8Array(content.buffer, content.byteOffset, content.length);
}

/** Memory that a decoder keeps; the rare larger content gets memory of its own. */
const KEPT_BYTES_MAX = 256 * KIB;

/** For one content after another of which none is kept: the same memory takes them all, and nothing is left to collect. */
export class Lz4Decoder {
  #target: ViewedBytes = viewedBytes(new ArrayBuffer(0));
  /** Who decodes many reads them into few buffers. */
  #source: ViewedBytes = this.#target;

  /** As `decompressLz4`; good until the next call. */
  decode(stored: Uint8Array, contentBytesMax: number, file: string, offsetBytes: number): Uint8Array {
    const claimed = claimedBytes(stored, contentBytesMax, file, offsetBytes);
    const { buffer, byteOffset, length } = stored;
    if (this.#source.bytes.buffer !== buffer) this.#source = viewedBytes(buffer);
    const target = this.#targetFor(claimed);
    const decoded = decodeLz4Block(this.#source, byteOffset + LENGTH_BYTES, byteOffset + length, target, claimed);
    if (decoded === claimed) return target.bytes.subarray(0, claimed);
    const found = decoded < 0 ? 'another one, or none' : `${decoded} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected: `an LZ4 block of ${claimed} bytes`, found });
  }

  #targetFor(bytes: number): ViewedBytes {
    const keptBytes = this.#target.bytes.length;
    if (bytes <= keptBytes) return this.#target;
    const isKept = bytes <= KEPT_BYTES_MAX;
    const target = viewedBytes(new ArrayBuffer(isKept ? Math.min(2 * bytes, KEPT_BYTES_MAX) : bytes));
    if (isKept) this.#target = target;
    return target;
  }
}

/** The length that `stored` says its content has. */
function claimedBytes(stored: Uint8Array, contentBytesMax: number, file: string, offsetBytes: number): number {
  const claimed = stored.length > LENGTH_BYTES ? readUint32(stored, 0) : 0;
  const limit = Math.min(contentBytesMax, stored.length * LZ4_RATIO_MAX);
  if (claimed > 0 && claimed <= limit) return claimed;
  const found = `a claim of ${claimed} bytes`;
  throw new CorruptionError({ file, offsetBytes, expected: `an LZ4 block of 1 to ${limit} bytes`, found });
}

function uncompress(stored: Uint8Array, file: string, offsetBytes: number): Buffer {
  try {
    return uncompressSync(stored);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new CorruptionError({ file, offsetBytes, expected: 'an LZ4 block', found }, { cause });
  }
}
