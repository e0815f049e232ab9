import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessIo {
  readonly writtenBytes: number;
  readonly readBytes: number;
}

const NOT_COUNTED: ProcessIo = { writtenBytes: 0, readBytes: 0 };

/** What this process, with all its threads, has caused to be read from the disk and written to it. */
export function processIo(): ProcessIo {
  try {
    return parseProcessIo(readFileSync('/proc/self/io', 'utf8'));
  } catch {
    // No Linux, or a container that hides it.
    return NOT_COUNTED;
  }
}

export function parseProcessIo(text: string): ProcessIo {
  const field = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { writtenBytes: field('write_bytes'), readBytes: field('read_bytes') };
}

const POLL_MS = 100;
/** Without a written byte for so long the background work is over, unless less is asked for. */
const QUIET_MS = 2000;
const SETTLE_MS_MAX = 15_000;

/** Waits until the engine writes nothing more, as can be seen from outside alike for all engines; gives up after a while. */
export async function settled(quietMsWanted = QUIET_MS): Promise<void> {
  const quietMsMin = Math.min(QUIET_MS, quietMsWanted);
  let last = processIo().writtenBytes;
  let quietMs = 0;
  for (let waitedMs = 0; quietMs < quietMsMin && waitedMs < SETTLE_MS_MAX; waitedMs += POLL_MS) {
    await delay(POLL_MS);
    const now = processIo().writtenBytes;
    quietMs = now === last ? quietMs + POLL_MS : 0;
    last = now;
  }
}
