import { writeFileSync } from 'node:fs';

/** Empties the page cache, as after a restart of the machine: what was synced is on the disk and nowhere else. */
export function dropPageCache(): void {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch (cause) {
    throw new Error('--cold empties the page cache, which takes root', { cause });
  }
}
