import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { recycledName } from '../base/file-names.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { allocateSharedMemory } from '../base/shared-memory.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import type { WalSyncMode } from './segment-writer.js';

const PROBE_ROUNDS = 5;

export interface SyncModeChoice {
  readonly mode: WalSyncMode;
  /** For stats: why it is not the other one. */
  readonly reason: string;
}

export interface SyncModeProbe {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly clock: Clock;
  /** For the probe's file, which has the name of a spare segment: if a crash leaves it behind, it is adopted as one. */
  readonly fileNumber: number;
}

/** Takes what was asked for; for `auto` tries both on the directory's disk, in turns, and takes the one with the lower median. */
export async function chooseSyncMode(wanted: WalSyncMode | 'auto', probe: SyncModeProbe): Promise<SyncModeChoice> {
  if (wanted === 'fdatasync') return { mode: 'fdatasync', reason: 'chosen by option' };
  if (!(await probe.fileSystem.probeDirect(probe.directory))) {
    return { mode: 'fdatasync', reason: 'the file system refuses direct I/O' };
  }
  if (wanted === 'direct') return { mode: 'direct', reason: 'chosen by option' };
  const { directMs, fdatasyncMs } = await timeBoth(probe);
  const mode = directMs <= fdatasyncMs ? 'direct' : 'fdatasync';
  return { mode, reason: `probed: direct ${directMs.toFixed(3)} ms, fdatasync ${fdatasyncMs.toFixed(3)} ms a block` };
}

async function timeBoth(probe: SyncModeProbe): Promise<{ directMs: number; fdatasyncMs: number }> {
  const { fileSystem, directory, clock, fileNumber } = probe;
  const path = join(directory, recycledName(fileNumber));
  const block = new Uint8Array(allocateSharedMemory(DIRECT_IO_BLOCK_BYTES)).subarray(0, DIRECT_IO_BLOCK_BYTES);
  const handles: FileHandle[] = [await fileSystem.open(path, 'create')];
  try {
    const [cached] = handles;
    await cached.write(block, 0);
    await cached.datasync();
    const direct = await fileSystem.open(path, 'direct');
    handles.push(direct);
    const directMs: number[] = [];
    const fdatasyncMs: number[] = [];
    for (let round = 0; round < PROBE_ROUNDS; round++) {
      directMs.push(await timed(clock, () => direct.write(block, 0)));
      fdatasyncMs.push(await timed(clock, () => cached.write(block, 0).then(() => cached.datasync())));
    }
    return { directMs: median(directMs), fdatasyncMs: median(fdatasyncMs) };
  } finally {
    for (const handle of handles) await handle.close();
    await fileSystem.remove(path);
  }
}

async function timed(clock: Clock, action: () => Promise<void>): Promise<number> {
  const startedAtMs = clock.monotonicMs();
  await action();
  return clock.monotonicMs() - startedAtMs;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
