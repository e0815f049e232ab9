import { MIB } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';

/** Copies a file and makes the copy's bytes durable. Its name is durable after the directory is synced. */
export async function copyFile(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  const source = await fileSystem.open(from, 'read');
  try {
    const target = await fileSystem.open(to, 'create');
    try {
      const chunk = new Uint8Array(MIB);
      for (let position = 0; ; ) {
        const bytes = await source.read(chunk, position);
        if (bytes === 0) break;
        await target.write(chunk.subarray(0, bytes), position);
        position += bytes;
      }
      await target.datasync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
