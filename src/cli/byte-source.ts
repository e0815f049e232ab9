import type { Readable } from 'node:stream';
import { KIB } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';

/** Where records come from. Every chunk is fresh memory: records may point into it for as long as they like. */
export interface ByteSource {
  /** Undefined where nobody knows, as for a pipe. */
  readonly totalBytes: number | undefined;
  chunks(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * KIB;

/** Errors: STEME_IO when there is no such file, or it may not be read. */
export async function openFileSource(fileSystem: FileSystem, path: string): Promise<ByteSource> {
  const handle = await fileSystem.open(path, 'read');
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const readBytes = await handle.read(chunk, position);
      if (readBytes > 0) yield chunk.subarray(0, readBytes);
      if (readBytes < CHUNK_BYTES) return;
      position += readBytes;
    }
  }
  return { totalBytes: await handle.sizeBytes(), chunks, close: () => handle.close() };
}

/** Ends early, without an error, when `signal` aborts: a pipe that is silent must not hold up an interrupted program. */
export function streamSource(stream: Readable, signal: AbortSignal): ByteSource {
  const stop = (): void => {
    stream.destroy();
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    // The signal may have come while the database was opened; then no event will follow.
    if (signal.aborted) return;
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of stream) yield chunk;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  };
  return { totalBytes: undefined, chunks, close };
}
