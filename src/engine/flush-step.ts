import type { FlushJob, JobRunner, TableSettings } from '../jobs/job.js';
import type { VersionSet } from '../version/version-set.js';
import { blobSettings } from './blob-settings.js';
import { manifestFailure } from './manifest-failure.js';
import type { TreeState } from './tree-state.js';

export interface FlushStepOptions {
  readonly state: TreeState;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly tableSettings: () => TableSettings;
  /** Of a flush job: what readers look at now, and will from now on. */
  readonly moments: () => readonly number[];
  /** Values from here on go to blob files; 0: none. */
  readonly blobThreshold: number;
}

/** The names that a flush may give to files. */
export type FlushFiles = Pick<FlushJob, 'number' | 'blobs'>;

export interface FlushResult {
  readonly storedBytes: number;
  readonly elapsedMs: number;
}

/** For a flush of the oldest sealed memtable. */
export function allocateFlushFiles({ state, versions, blobThreshold }: FlushStepOptions): FlushFiles {
  const number = versions.allocateFileNumber();
  const blobs = blobSettings(versions, blobThreshold, state.sealed[0].memtable.userBytes);
  return { number, ...(blobs !== undefined && { blobs }) };
}

/**
 * Flushes the oldest sealed memtable into L0: job, manifest, read state, in this order. `nextSegment` holds it back until
 * all its records are safe in the log (law 7), and becomes the first segment that recovery needs.
 */
export async function flushOldest(options: FlushStepOptions, flushFiles: FlushFiles): Promise<FlushResult> {
  const { state, versions, runner, tableSettings, moments } = options;
  const slot = state.sealed[0];
  const logNumber = await slot.nextSegment;
  const memtable = slot.memtable.share();
  const settings = tableSettings();
  const job = { kind: 'flush' as const, memtable, moments: moments(), settings, ...flushFiles };
  const { tables, blobs, writtenBytes, elapsedMs } = await runner.run(job);
  const edit = {
    addedTables: tables.map((table) => ({ level: 0, table })),
    deletedTables: [],
    ...(blobs.length > 0 && { addedBlobs: blobs }),
    lastSequence: tables.reduce((last, table) => Math.max(last, table.largestSequence), versions.lastSequence),
    ...(logNumber === undefined ? {} : { logNumber }),
  };
  try {
    await versions.apply(edit, (version) => state.replaceOldestSealed(version));
  } catch (cause) {
    throw manifestFailure(cause);
  }
  slot.flushed.resolve();
  return { storedBytes: writtenBytes, elapsedMs };
}
