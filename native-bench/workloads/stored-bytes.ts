import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Blocks of `stat`, whatever the file system's own are. */
const BLOCK_BYTES = 512;

/** The files below the directory, without those that vanish meanwhile. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What the files take on disk: holes cost nothing, space that is reserved for later does. */
export function storedBytes(directory: string): number {
  let bytes = 0;
  for (const file of filesBelow(directory)) {
    const blocks = lstatSync(file, { throwIfNoEntry: false })?.blocks ?? 0;
    bytes += blocks * BLOCK_BYTES;
  }
  return bytes;
}
