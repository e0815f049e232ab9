import { join } from 'node:path';
import { BLOCK_BYTES_DEFAULT, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { mmapUnavailableReason } from '../../src/fs/real-mmap.js';
import { type Micro, type MicroContext, MicroUnavailable } from './micro.js';

const OPERATIONS = 50;
const FILE_BYTES = 64 * MIB;
const CACHE_LINE_BYTES = 64;

/** A file that was just written: all of it is in the page cache. */
function writeFile({ directory, entriesMax }: MicroContext): { path: string; sizeBytes: number } {
  const path = join(directory, 'hot');
  const sizeBytes = Math.min(FILE_BYTES, Math.max(MIB, entriesMax * BLOCK_BYTES_DEFAULT));
  const handle = realFileSystem.openSync(path, 'create');
  const piece = new Prng(1).fill(new Uint8Array(MIB));
  for (let at = 0; at < sizeBytes; at += MIB) handle.writeSync(piece, at);
  handle.closeSync();
  return { path, sizeBytes };
}

function randomOffsets(sizeBytes: number): Uint32Array {
  const random = new Prng(2);
  const blocks = sizeBytes / BLOCK_BYTES_DEFAULT;
  return Uint32Array.from({ length: 4096 }, () => random.below(blocks) * BLOCK_BYTES_DEFAULT);
}

/** Whoever asks for a block looks at all of it, for its checksum at least: one byte of each line is read. */
function touchLines(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += CACHE_LINE_BYTES) sum += bytes[i];
  return sum;
}

/** 4 KiB at a random place: `open` says how to get at them. */
function blocksOf(name: string, open: (path: string) => { block(offset: number): Uint8Array; close?(): void }): Micro {
  return {
    name,
    prepare: (context) => {
      const { path, sizeBytes } = writeFile(context);
      const offsets = randomOffsets(sizeBytes);
      const file = open(path);
      let next = 0;
      return {
        operations: OPERATIONS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            sum += touchLines(file.block(offsets[next]));
            next = (next + 1) % offsets.length;
          }
          return sum;
        },
        close: () => file.close?.(),
      };
    },
  };
}

const map = blocksOf('file/map-4k-hot', (path) => {
  const mapping = realFileSystem.mapSync(path);
  if (mapping === undefined) throw new MicroUnavailable(mmapUnavailableReason() ?? 'the file system maps nothing');
  return { block: (offset) => mapping.bytes.subarray(offset, offset + BLOCK_BYTES_DEFAULT) };
});

/** Into the same memory each time, as for blocks that are decompressed from there. */
const pread = blocksOf('file/pread-4k-hot', (path) => {
  const handle = realFileSystem.openSync(path, 'read');
  const target = new Uint8Array(BLOCK_BYTES_DEFAULT);
  return {
    block: (offset) => {
      handle.readSync(target, offset);
      return target;
    },
    close: () => handle.closeSync(),
  };
});

export const FILE_MICROS: readonly Micro[] = [map, pread];
