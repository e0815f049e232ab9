import { Prng } from '../base/prng.js';
import type { FileOperation, FileOperationKind } from './file-operation.js';
import type { FileSystem } from './file-system.js';
import { interceptFileSystem } from './intercepted-file-system.js';
import type { MemoryFileSystem } from './memory-file-system.js';

/** What a crash takes: `power loss` everything that was not synced, or a part of it; `kill` nothing that was written. */
export type CrashKind = 'power loss' | 'kill';

/** The operations that decide what a crash takes. */
export const CRASH_STEPS: ReadonlySet<FileOperationKind> = new Set([
  'datasync',
  'rename',
  'link',
  'remove',
  'syncDirectory',
]);

export interface CrashPlan<Expected> {
  /**
   * What is crashed. It runs once, on a disk that is `disk` with a look at every call, and ends by itself: what crashes are copies.
   * What it throws is thrown, and nothing is checked.
   */
  readonly workload: (fileSystem: FileSystem) => Promise<void>;
  /** What holds at this moment, as plain data: the writes that have been acknowledged, for instance. Called at every crash. */
  readonly observe: () => Expected;
  /** Opens what is left, and throws if it is not what `expected` promises. Called for one crash after the other, after the workload. */
  readonly check: (survivor: MemoryFileSystem, expected: Expected, crash: CrashPoint) => Promise<void>;
  /** Operations before and after which it crashes. Default `CRASH_STEPS`; with `write` there are many more crashes. */
  readonly steps?: ReadonlySet<FileOperationKind>;
  /** Default: each by turns. */
  readonly kind?: CrashKind;
  /** The most crashes to check, and so copies of the disk to keep; of more, a seeded choice. Default 200. */
  readonly crashesMax?: number;
  /** Of what a power loss takes, and of that choice. Default 1. */
  readonly seed?: number;
}

export interface CrashPoint {
  readonly kind: CrashKind;
  /** `before datasync /db/000002.log`, for a message. */
  readonly moment: string;
}

export interface CrashReport {
  /** Checked. A test expects some: without any it has tested nothing. */
  readonly crashCount: number;
  /** The moments at which it could have crashed. */
  readonly momentCount: number;
}

const CRASHES_MAX_DEFAULT = 200;
const KINDS: readonly CrashKind[] = ['power loss', 'kill'];

/**
 * Runs a workload on a disk in memory, copies the disk as a crash would leave it before and after every step that matters and at
 * the end, and has each copy checked. The error of the first check that throws is thrown, with the moment of the crash in front.
 */
export async function crashAtEveryStep<Expected>(
  disk: MemoryFileSystem,
  plan: CrashPlan<Expected>,
): Promise<CrashReport> {
  const { workload, check, seed = 1, steps = CRASH_STEPS } = plan;
  const crashes = new CrashCollector(disk, plan);
  const at = (when: string, operation: FileOperation): undefined => {
    if (steps.has(operation.kind)) crashes.take(`${when} ${operation.kind} ${operation.path}`);
  };
  const watched = interceptFileSystem(
    disk,
    (operation) => at('before', operation),
    (operation) => at('after', operation),
  );
  await workload(watched);
  crashes.take('at the end');
  for (const { survivor, expected, point } of crashes.taken) {
    try {
      await check(survivor, expected, point);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`after a ${point.kind} ${point.moment} (seed ${seed}): ${message}`, { cause });
    }
  }
  return { crashCount: crashes.taken.length, momentCount: crashes.momentCount };
}

interface Crash<Expected> {
  readonly survivor: MemoryFileSystem;
  readonly expected: Expected;
  readonly point: CrashPoint;
}

/** Keeps each of the moments with the same chance when there are more than it may keep (reservoir sampling). */
class CrashCollector<Expected> {
  readonly taken: Crash<Expected>[] = [];
  momentCount = 0;
  readonly #disk: MemoryFileSystem;
  readonly #plan: CrashPlan<Expected>;
  readonly #crashesMax: number;
  readonly #prng: Prng;

  constructor(disk: MemoryFileSystem, plan: CrashPlan<Expected>) {
    this.#disk = disk;
    this.#plan = plan;
    this.#crashesMax = plan.crashesMax ?? CRASHES_MAX_DEFAULT;
    this.#prng = new Prng(plan.seed ?? 1);
  }

  take(moment: string): void {
    const index = this.momentCount++;
    const kind = this.#plan.kind ?? KINDS[index % KINDS.length];
    const seed = this.#prng.nextUint32();
    const place = index < this.#crashesMax ? index : this.#prng.below(index + 1);
    if (place >= this.#crashesMax) return;
    const survivor = kind === 'kill' ? this.#disk.clone() : this.#disk.crashClone(seed);
    this.taken[place] = { survivor, expected: this.#plan.observe(), point: { kind, moment } };
  }
}
