/** The floor under every row: what disk, memory and threads of this machine give when nothing else is asked of them. */
import { closeSync, constants, fdatasyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Prng } from '../../src/base/prng.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import { SampleSet } from '../support/samples.js';
import { removeWorkDirectory } from '../support/work-directory.js';
import type { MachineLimits } from './results-file.js';

export interface LimitSizes {
  readonly sequentialBytes: number;
  readonly syncs: number;
  readonly mapKeys: number;
  readonly roundTrips: number;
}

export const LIMIT_SIZES: LimitSizes = {
  sequentialBytes: 512 * 2 ** 20,
  syncs: 1000,
  mapKeys: 1_000_000,
  roundTrips: 10_000,
};
export const LIMIT_SIZES_QUICK: LimitSizes = {
  sequentialBytes: 128 * 2 ** 20,
  syncs: 300,
  mapKeys: 1_000_000,
  roundTrips: 2000,
};

const CHUNK_BYTES = 2 ** 20;
const BLOCK_BYTES = 4096;
const COPIES = 8;

/** Takes some seconds. What it writes, in a directory below `parent`, is gone afterwards. */
export async function measureMachineLimits(sizes: LimitSizes, parent: string): Promise<MachineLimits> {
  const directory = join(parent, 'limits');
  mkdirSync(directory, { recursive: true });
  try {
    const file = join(directory, 'sequential');
    const appends = syncedWritesUs(join(directory, 'append'), sizes.syncs);
    const overwrites = overwritesUs(join(directory, 'overwrite'), sizes.syncs);
    const roundTrips = await roundTripsUs(sizes.roundTrips);
    return {
      sequentialWriteMbPerS: sequentialWrite(file, sizes.sequentialBytes),
      cachedReadMbPerS: sequentialRead(file, sizes.sequentialBytes, 0),
      sequentialReadMbPerS: directRead(file, sizes.sequentialBytes),
      appendSyncUsP50: appends.quantile(0.5),
      appendSyncUsP99: appends.quantile(0.99),
      overwriteSyncUsP50: overwrites.quantile(0.5),
      overwriteSyncUsP99: overwrites.quantile(0.99),
      memoryCopyMbPerS: memoryCopy(),
      mapGetNs: mapGetNs(sizes.mapKeys),
      threadRoundTripUsP50: roundTrips.quantile(0.5),
      threadRoundTripUsP99: roundTrips.quantile(0.99),
    };
  } finally {
    removeWorkDirectory(directory);
  }
}

/** Starts on a page, as O_DIRECT wants it, and holds what no disk can fold or compress. */
function alignedNoise(bytes: number): Uint8Array {
  return new Prng(1).fill(new Uint8Array(allocateSharedMemory(bytes), 0, bytes));
}

function mbPerS(bytes: number, sinceMs: number): number {
  return bytes / 1e6 / ((performance.now() - sinceMs) / 1000);
}

function sequentialWrite(file: string, bytes: number): number {
  const chunk = alignedNoise(CHUNK_BYTES);
  const fd = openSync(file, 'w');
  const startMs = performance.now();
  for (let written = 0; written < bytes; written += CHUNK_BYTES) writeSync(fd, chunk);
  fdatasyncSync(fd);
  const speed = mbPerS(bytes, startMs);
  closeSync(fd);
  return speed;
}

function sequentialRead(file: string, bytes: number, flags: number): number {
  const chunk = alignedNoise(CHUNK_BYTES);
  const fd = openSync(file, constants.O_RDONLY | flags);
  try {
    const startMs = performance.now();
    for (let at = 0; at < bytes; at += CHUNK_BYTES) readSync(fd, chunk, 0, CHUNK_BYTES, at);
    return mbPerS(bytes, startMs);
  } finally {
    closeSync(fd);
  }
}

function directRead(file: string, bytes: number): number | undefined {
  try {
    return sequentialRead(file, bytes, constants.O_DIRECT);
  } catch {
    return undefined;
  }
}

/** One block after another at the end of a file that grows. */
function syncedWritesUs(file: string, syncs: number): SampleSet {
  const fd = openSync(file, 'w');
  const samples = writeAndSyncUs(fd, syncs);
  closeSync(fd);
  return samples;
}

/** The same over zeros that are on the disk already, so that a sync has no new length or extent to record. */
function overwritesUs(file: string, syncs: number): SampleSet {
  const fd = openSync(file, 'w+');
  for (let i = 0; i < syncs; i++) writeSync(fd, new Uint8Array(BLOCK_BYTES), 0, BLOCK_BYTES, i * BLOCK_BYTES);
  fdatasyncSync(fd);
  const samples = writeAndSyncUs(fd, syncs);
  closeSync(fd);
  return samples;
}

function writeAndSyncUs(fd: number, syncs: number): SampleSet {
  const block = alignedNoise(BLOCK_BYTES);
  const samples = new SampleSet();
  for (let i = 0; i < syncs; i++) {
    const startMs = performance.now();
    writeSync(fd, block, 0, BLOCK_BYTES, i * BLOCK_BYTES);
    fdatasyncSync(fd);
    samples.add((performance.now() - startMs) * 1000);
  }
  return samples;
}

/** Between two buffers larger than caches. */
function memoryCopy(): number {
  const source = Buffer.alloc(64 * CHUNK_BYTES, 1);
  const target = Buffer.alloc(64 * CHUNK_BYTES, 2);
  const startMs = performance.now();
  for (let i = 0; i < COPIES; i++) source.copy(target);
  return mbPerS(COPIES * source.length, startMs);
}

/** Memory latency is what this measures: neither the table nor its keys fit in a cache. */
function mapGetNs(keyCount: number): number {
  const random = new Prng(1);
  const keys = Array.from({ length: keyCount }, (_, index) => `${index}`.padStart(16, 'key-'));
  const map = new Map(keys.map((key, index) => [key, index]));
  const wanted = keys.map(() => keys[random.below(keyCount)]);
  let sum = 0;
  const startMs = performance.now();
  for (const key of wanted) sum += map.get(key) ?? 0;
  const elapsedMs = performance.now() - startMs;
  // Of the sum nothing is wanted but that it was needed.
  if (!Number.isFinite(sum)) throw new Error('a sum of whole numbers is finite');
  return (elapsedMs * 1e6) / keyCount;
}

async function roundTripsUs(count: number): Promise<SampleSet> {
  const echo =
    "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));";
  const worker = new Worker(echo, { eval: true });
  const samples = new SampleSet();
  try {
    for (let i = 0; i < count; i++) {
      const startMs = performance.now();
      await answerOf(worker, i);
      samples.add((performance.now() - startMs) * 1000);
    }
  } finally {
    await worker.terminate();
  }
  return samples;
}

function answerOf(worker: Worker, message: number): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
    worker.postMessage(message);
  });
}
