import { xxh3 } from '@node-rs/xxhash';
import { CorruptionError } from '../../base/errors.js';
import { MIB } from '../../base/limits.js';
import { copyFile } from '../../engine/copy-file.js';
import type { FileSystem } from '../../fs/file-system.js';
import { type BackupFile, hexOf } from './backup-catalogue.js';

/** What a file holds: its length and the checksum of all of it. */
export type Content = Pick<BackupFile, 'bytes' | 'xxh3'>;

/** Sees every part of a file on its way; what it throws ends the work. */
export type OnChunk = (bytes: Uint8Array) => void;

/** Reads the whole file. */
export async function contentOf(fileSystem: FileSystem, path: string, onChunk: OnChunk): Promise<Content> {
  const sum = new ContentSum(onChunk);
  const handle = await fileSystem.open(path, 'read');
  try {
    const chunk = new Uint8Array(MIB);
    for (let position = 0; ; ) {
      const bytes = await handle.read(chunk, position);
      if (bytes === 0) return sum.content;
      sum.add(chunk.subarray(0, bytes));
      position += bytes;
    }
  } finally {
    await handle.close();
  }
}

/** A durable copy, and what it holds; its name is durable after the directory is synced. */
export async function copyChecked(
  fileSystem: FileSystem,
  from: string,
  to: string,
  onChunk: OnChunk,
): Promise<Content> {
  const sum = new ContentSum(onChunk);
  await copyFile(fileSystem, from, to, (bytes) => sum.add(bytes));
  return sum.content;
}

/** Throws CorruptionError if the file does not hold what was recorded (law 5). */
export function expectContent(path: string, found: Content, recorded: Content): void {
  if (found.bytes === recorded.bytes && found.xxh3 === recorded.xxh3) return;
  throw new CorruptionError({ file: path, offsetBytes: 0, expected: describe(recorded), found: describe(found) });
}

function describe({ bytes, xxh3: checksum }: Content): string {
  return `${bytes} bytes with xxh3 ${checksum}`;
}

class ContentSum {
  readonly #onChunk: OnChunk;
  readonly #hash = xxh3.Xxh3.withSeed();
  #bytes = 0;

  constructor(onChunk: OnChunk) {
    this.#onChunk = onChunk;
  }

  get content(): Content {
    return { bytes: this.#bytes, xxh3: hexOf(this.#hash.digest()) };
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#onChunk(bytes);
  }
}
