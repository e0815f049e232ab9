import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';

const MIB = 1024 * 1024;
const PIECE_BYTES = MIB;

/** Bytes in the files of `directory`, and how long the disk takes for all of them, one piece after another, past the page cache. */
export function readSequentially(directory: string): { readonly bytes: number; readonly ms: number } {
  // Direct reads want memory at a page's start.
  const piece = new Uint8Array(allocateSharedMemory(PIECE_BYTES));
  let bytes = 0;
  const startedAtMs = performance.now();
  for (const name of readdirSync(directory)) {
    if (/\.(?:sst|blob)$/.test(name)) bytes += readFile(join(directory, name), piece);
  }
  return { bytes, ms: performance.now() - startedAtMs };
}

function readFile(path: string, piece: Uint8Array): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECT);
  try {
    let position = 0;
    for (let read = piece.length; read === piece.length; position += read) {
      read = readSync(fd, piece, 0, piece.length, position);
    }
    return position;
  } finally {
    closeSync(fd);
  }
}
