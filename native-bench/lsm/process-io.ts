import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
/** Without a written byte for so long the background work is over. */
const QUIET_MS = 5000;

/** Bytes that this process, with all its threads, has caused to be written to the disk. */
export function writtenBytes(): number {
  const match = /^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'));
  if (match === null) throw new Error('/proc/self/io has no write_bytes');
  return Number(match[1]);
}

/** Waits until the engine writes nothing more: that it has settled can be seen from outside alike for all. */
export async function settled(): Promise<void> {
  let last = writtenBytes();
  for (let quietMs = 0; quietMs < QUIET_MS; ) {
    await delay(POLL_MS);
    const now = writtenBytes();
    quietMs = now === last ? quietMs + POLL_MS : 0;
    last = now;
  }
}

/** Size of the files that hold sorted data: logs are no part of it. */
export function tableBytes(directory: string): number {
  let bytes = 0;
  for (const name of readdirSync(directory)) {
    if (/\.(?:sst|ldb|blob)$/.test(name)) bytes += statSync(join(directory, name)).size;
  }
  return bytes;
}
