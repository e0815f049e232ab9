import { MIB } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';

/**
 * Copies a file and makes the copy's bytes durable. Its name is durable after the directory is synced. `onChunk` sees the bytes
 * on their way; what it throws ends the copy. Resolves with how many there were: up to `endBytes`, if the file has more.
 */
export async function copyFile(
  fileSystem: FileSystem,
  from: string,
  to: string,
  onChunk?: (bytes: Uint8Array) => void,
  endBytes = Number.POSITIVE_INFINITY,
): Promise<number> {
  const source = await fileSystem.open(from, 'read');
  try {
    const target = await fileSystem.open(to, 'create');
    try {
      const chunk = new Uint8Array(Math.min(MIB, endBytes));
      let position = 0;
      for (;;) {
        const bytes = await source.read(chunk.subarray(0, Math.min(chunk.length, endBytes - position)), position);
        if (bytes === 0) break;
        onChunk?.(chunk.subarray(0, bytes));
        await target.write(chunk.subarray(0, bytes), position);
        position += bytes;
      }
      await target.datasync();
      return position;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
