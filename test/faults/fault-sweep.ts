import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { FaultDisks, FaultRun } from '../support/fault-run.js';
import { isCheckpointWhole, recoveredCount, runWithFault } from '../support/fault-run.js';

/** One way for an operation to go wrong. */
export interface FaultClass {
  readonly name: string;
  readonly rule: Omit<FaultRule, 'nth'>;
}

export const FAULT_CLASSES: readonly FaultClass[] = [
  { name: 'EIO at any operation', rule: { error: 'EIO' } },
  { name: 'ENOSPC at any operation', rule: { error: 'ENOSPC' } },
  { name: 'short write', rule: { kind: 'write', effect: 'short-write' } },
  { name: 'short write, disk full', rule: { kind: 'write', effect: 'short-write', error: 'ENOSPC' } },
  { name: 'disk full from there on', rule: { kind: 'write', error: 'ENOSPC', times: Number.POSITIVE_INFINITY } },
  { name: 'sync fails', rule: { kind: 'datasync' } },
  { name: 'directory sync fails', rule: { kind: 'syncDirectory' } },
  { name: 'rename fails', rule: { kind: 'rename' } },
  { name: 'open or create fails', rule: { kind: 'open' } },
  { name: 'remove fails', rule: { kind: 'remove' } },
  { name: 'list fails', rule: { kind: 'list' } },
  { name: 'read fails', rule: { kind: 'read' } },
  { name: 'read returns damage', rule: { effect: 'corrupt-read' } },
];

export type FaultPlace = 'opening thread' | 'worker';
export const FAULT_PLACES: readonly FaultPlace[] = ['opening thread', 'worker'];

/** What a fault has come to, the gravest that holds. */
export const OUTCOMES = [
  'open refused',
  'sticky error',
  'resumed',
  'retried',
  'read error',
  'call refused',
  'torn tail',
  'warning',
  'no effect',
] as const;
export type FaultOutcome = (typeof OUTCOMES)[number];

export interface SweepRow {
  readonly faultClass: FaultClass;
  readonly place: FaultPlace;
  /** Operations that a fault has met, one a run. */
  hits: number;
  readonly outcomes: Record<FaultOutcome, number>;
  readonly violations: string[];
}

export interface SweepOptions {
  /** Every so manieth operation is met, from `first` on. */
  readonly stride: number;
  readonly first: number;
  /** Between the database and its disk on both sides: for canaries. */
  readonly wrap?: (disk: FileSystem) => FileSystem;
  readonly onRun?: () => void;
}

/** Meets operation after operation of the workload with the fault, until there are no more; a run for each. */
export async function sweep(faultClass: FaultClass, place: FaultPlace, options: SweepOptions): Promise<SweepRow> {
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<FaultOutcome, number>;
  const row: SweepRow = { faultClass, place, hits: 0, outcomes, violations: [] };
  for (let nth = options.first; ; nth += options.stride) {
    const disk = new MemoryFileSystem();
    const below = options.wrap?.(disk) ?? disk;
    const faulty = new FaultyFileSystem(below, [{ ...faultClass.rule, nth }], { seed: nth });
    const disks: FaultDisks = place === 'worker' ? { engine: below, jobs: faulty } : { engine: faulty, jobs: below };
    const problem = await meetOne(disks, disk, nth, row, faulty);
    options.onRun?.();
    if (faulty.injected.length === 0 && problem === undefined) return row;
    row.hits++;
    const [met] = faulty.injected;
    if (problem !== undefined) row.violations.push(`operation ${nth} (${met?.kind} ${met?.path}): ${problem}`);
    if (problem !== undefined && faulty.injected.length === 0) return row;
  }
}

/** One run and what both kinds of crash leave of it; says what is wrong with that, if anything is. */
async function meetOne(
  disks: FaultDisks,
  disk: MemoryFileSystem,
  nth: number,
  row: SweepRow,
  faulty: FaultyFileSystem,
): Promise<string | undefined> {
  try {
    const run = await runWithFault(disks);
    const outcome = outcomeOfRun(run);
    if (faulty.injected.length > 0) row.outcomes[outcome]++;
    else if (run.failures.length > 0) return `no fault was met, and yet: ${run.failures[0]}`;
    if (outcome === 'sticky error' && isHealed(row.faultClass, faulty))
      return 'there is room again, and it was not resumed';
    const crashed = disk.crashClone(nth);
    if (!(await isCheckpointWhole(crashed, run))) return 'the checkpoint is not whole after a power loss';
    if ((await recoveredCount(crashed, run.history, 'power loss')) === undefined) return 'lost by a power loss';
    // The lock was let go, whether the open failed or the close.
    if ((await recoveredCount(disk, run.history, 'kill')) === undefined) return 'lost by a kill';
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The disk was full once, and no sync has failed of it: nothing stands in the way of going on. */
function isHealed({ rule }: FaultClass, { injected }: FaultyFileSystem): boolean {
  const hasFailedSync = injected.some(({ kind }) => kind === 'datasync' || kind === 'syncDirectory');
  return rule.error === 'ENOSPC' && rule.times === undefined && !hasFailedSync;
}

function outcomeOfRun(run: FaultRun): FaultOutcome {
  if (run.openFailures > 0) return 'open refused';
  if (run.backgroundErrors.length > 0) return 'sticky error';
  if (run.resumeCount > 0) return 'resumed';
  if (run.warnings.some(({ message }) => /tried again|waits for room/.test(message))) return 'retried';
  if (run.readFailures > 0) return 'read error';
  if (run.failures.length > 0) return 'call refused';
  if (run.tornTails > 0) return 'torn tail';
  return run.warnings.length > 0 ? 'warning' : 'no effect';
}
