import { assert, type StemeError } from '../base/errors.js';
import type { CompactionPlan } from '../compaction/compaction-plan.js';
import type { CompactionSettings } from '../compaction/compaction-settings.js';
import { jobInputs } from '../compaction/job-inputs.js';
import type { TreeShape } from '../compaction/tree-shape.js';
import type { CompactionJob, JobOutput, JobRunner, KeyBounds, TableSettings } from '../jobs/job.js';
import type { VersionEdit } from '../version/version-edit.js';
import type { VersionSet } from '../version/version-set.js';
import { blobSettings } from './blob-settings.js';
import type { FileKeeper } from './file-keeper.js';
import { manifestFailure } from './manifest-failure.js';
import type { TreeState } from './tree-state.js';

export interface CompactionExecutorOptions {
  readonly state: TreeState;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly files: FileKeeper;
  readonly settings: CompactionSettings;
  readonly readMode: 'mmap' | 'pread';
  readonly tableSettings: () => TableSettings;
  /** Values from here on go to blob files; 0: none. */
  readonly blobThreshold: number;
  /** How many bytes per second compactions may move now, 0 for as many as they can. */
  readonly pace: () => number;
  /** The manifest could not be written: the end (law 7). */
  readonly onFailure: (error: StemeError) => void;
}

export interface CompactionOutcome {
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Of its jobs together. */
  readonly workMs: number;
}

/**
 * Carries out one plan: its jobs, then one manifest edit for all of them, then the read state. Until the edit is durable nothing
 * has changed, so a job that fails costs nobody anything; a manifest that fails is the end.
 */
export class CompactionExecutor {
  readonly #options: CompactionExecutorOptions;

  constructor(options: CompactionExecutorOptions) {
    this.#options = options;
  }

  /** `shape` is what the plan was made from; each of the `parts` is a job. */
  async execute(plan: CompactionPlan, shape: TreeShape, parts: readonly KeyBounds[]): Promise<CompactionOutcome> {
    if (plan.kind === 'merge') return this.#merge(plan, shape, parts);
    const moved = plan.kind === 'move' ? plan.inputs : [];
    await this.#install(plan, { addedTables: moved.map(({ table }) => ({ level: plan.outputLevel, table })) });
    await this.#options.files.collect();
    return { readBytes: 0, writtenBytes: 0, workMs: 0 };
  }

  async #merge(plan: CompactionPlan, shape: TreeShape, parts: readonly KeyBounds[]): Promise<CompactionOutcome> {
    const { runner, files } = this.#options;
    const jobs = parts.map((bounds) => this.#jobOf(plan, shape, bounds));
    const numbers = jobs.flatMap((job) => [...job.numbers, ...(job.blobs?.numbers ?? [])]);
    files.addPending(numbers);
    try {
      const results = await Promise.allSettled(jobs.map((job) => runner.run(job)));
      const outputs = await this.#outputsOf(results);
      const tables = outputs.flatMap((output) => output.tables);
      const addedBlobs = outputs.flatMap((output) => output.blobs);
      await this.#install(plan, {
        addedTables: tables.map((table) => ({ level: plan.outputLevel, table })),
        ...(addedBlobs.length > 0 && { addedBlobs }),
      });
      return summarize(outputs);
    } finally {
      files.removePending(numbers);
      await files.collect();
    }
  }

  /** If one part has failed, what the others wrote is nobody's: it goes now, since the next try writes all of it again. */
  async #outputsOf(results: readonly PromiseSettledResult<JobOutput>[]): Promise<JobOutput[]> {
    const outputs = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return outputs;
    for (const output of outputs) await this.#options.files.discard(output);
    throw failed.reason;
  }

  #jobOf(plan: CompactionPlan, shape: TreeShape, bounds: KeyBounds): CompactionJob {
    const { versions, readMode, tableSettings, settings, pace, blobThreshold } = this.#options;
    const { outputCountMax, ...inputs } = jobInputs(shape.levels, plan, settings);
    const blobs = blobSettings(versions, blobThreshold, valueBytesMax(plan));
    return {
      kind: 'compaction',
      ...inputs,
      bounds,
      snapshots: shape.snapshots,
      expiryCutoffMs: shape.expiryCutoffMs,
      numbers: Array.from({ length: outputCountMax }, () => versions.allocateFileNumber()),
      readMode,
      settings: tableSettings(),
      bytesPerSecondMax: pace(),
      ...(blobs !== undefined && { blobs }),
      ...(plan.rewrittenBlobs !== undefined && { rewrittenBlobs: plan.rewrittenBlobs }),
    };
  }

  async #install({ inputs }: CompactionPlan, added: Omit<VersionEdit, 'deletedTables'>): Promise<void> {
    const { state, versions, onFailure } = this.#options;
    const deletedTables = inputs.map(({ level, table }) => ({ level, number: table.number }));
    try {
      await versions.apply({ ...added, deletedTables }, (version) => state.replaceVersion(version));
    } catch (cause) {
      const error = manifestFailure(cause);
      onFailure(error);
      throw error;
    }
  }
}

/** What a merge may have to write into blob files. */
function valueBytesMax({ inputs, rewrittenBlobs = [] }: CompactionPlan): number {
  const inTables = inputs.reduce((sum, { table }) => sum + table.rawBytes, 0);
  return rewrittenBlobs.reduce((sum, { valueBytes }) => sum + valueBytes, inTables);
}

function summarize(outputs: readonly JobOutput[]): CompactionOutcome {
  assert(outputs.length > 0, 'a merge has at least one job');
  const sum = (figure: (output: JobOutput) => number): number => outputs.reduce((total, one) => total + figure(one), 0);
  return {
    readBytes: sum((output) => output.readBytes),
    writtenBytes: sum((output) => output.writtenBytes),
    workMs: sum((output) => output.elapsedMs),
  };
}
