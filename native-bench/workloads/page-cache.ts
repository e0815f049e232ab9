import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { filesBelow } from './stored-bytes.js';

/** Makes the kernel forget the pages of the directory's files, which no process may have mapped; false where that is not permitted. */
export function dropPageCache(directory: string): boolean {
  // Only what the disk holds already can be dropped.
  for (const file of filesBelow(directory)) syncFile(file);
  return dropWholeCache() || filesBelow(directory).every(dropFile);
}

function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Takes root, and a machine of its own: in a container the file is read-only. */
function dropWholeCache(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}

/** GNU dd says to the kernel that the file is not needed soon (posix_fadvise), which Node cannot, and copies nothing. */
function dropFile(file: string): boolean {
  return spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'], { stdio: 'ignore' }).status === 0;
}
