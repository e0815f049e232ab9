import { open } from 'node:fs/promises';
import { MIB } from '../base/limits.js';

const ZEROS = '/dev/zero';
/** So much keeps a thread of libuv for a millisecond. */
const PIECE_BYTES = 2 * MIB;

/**
 * Writes zeros over `memory` in the background, so that the kernel gives it its pages: a page that a store has to wait for takes
 * microseconds. Errors: those of the system, where there is no endless file of zeros.
 */
export async function touchMemory(memory: ArrayBufferLike): Promise<void> {
  const zeros = await open(ZEROS);
  try {
    for (let at = 0; at < memory.byteLength; at += PIECE_BYTES) {
      const piece = new Uint8Array(memory, at, Math.min(PIECE_BYTES, memory.byteLength - at));
      await zeros.read(piece, 0, piece.length, null);
    }
  } finally {
    await zeros.close();
  }
}
