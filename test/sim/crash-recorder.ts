import type { Prng } from '../../src/base/prng.js';
import type { FileOperation, FileOperationKind } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { InterceptedFileSystem } from '../../src/fs/intercepted-file-system.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { traceLine } from '../../src/fs/tracing-file-system.js';
import type { CrashBounds, WriteHistory } from '../support/write-history.js';
import type { QuarantineHistory } from './quarantine-history.js';
import type { SimulatedWorld } from './simulated-world.js';

/** A checkpoint that is made, or is being made. */
export interface CheckpointRecord {
  readonly directory: string;
  /** It holds at least so many writes. */
  readonly floor: number;
  isDone: boolean;
}

/** The disk as a crash left it, and what may be on it. */
export interface CrashPoint {
  readonly kind: 'power loss' | 'kill';
  readonly disk: MemoryFileSystem;
  readonly history: WriteHistory;
  readonly bounds: CrashBounds;
  /** So many writes would be there even if the machine went down now. */
  readonly durableCount: number;
  readonly checkpoints: readonly CheckpointRecord[];
  /** As of the crash, and of nobody else. */
  readonly quarantine: QuarantineHistory;
  /** The time of it. */
  readonly nowMs: number;
  /** The database was being opened. */
  readonly isInRecovery: boolean;
  /** When it came, for the message. */
  readonly moment: string;
}

/** What whoever lives on the disk knows at the moment of a crash. */
export interface CrashWitness {
  readonly history: WriteHistory;
  readonly checkpoints: readonly CheckpointRecord[];
  readonly quarantine: QuarantineHistory;
  readonly isOpening: boolean;
  /** Reads what can be seen right now: it must survive (law 2). */
  look(): void;
}

/** What decides what a crash takes: each of these is a crash point. */
const ALWAYS: ReadonlySet<FileOperationKind> = new Set(['datasync', 'syncDirectory', 'rename', 'remove']);
const SOMETIMES: ReadonlySet<FileOperationKind> = new Set(['write', 'open', 'truncate', 'link', 'mkdir']);
const SOMETIMES_CHANCE = 0.06;
const KILL_CHANCE = 0.25;
const LOOK_CHANCE = 0.4;

/** A write that acknowledges entries when it returns. */
function isSyncedIntake({ kind, mode, path }: FileOperation): boolean {
  return kind === 'write' && mode === 'direct' && path.endsWith('.intake');
}

/** The file system of one life of a database: it holds operations in a seeded order, and takes a clone wherever a crash may come. */
export class CrashRecorder {
  readonly fileSystem: FileSystem;
  readonly crashes: CrashPoint[] = [];
  readonly #world: SimulatedWorld;
  readonly #disk: MemoryFileSystem;
  readonly #prng: Prng;
  readonly #witness: CrashWitness;
  readonly #crashChance: number;
  /** Operations that are crashed after, not before. */
  readonly #later = new Set<FileOperation>();
  #isOver = false;

  /** Of what decides what a crash takes, so much is crashed at. */
  constructor(world: SimulatedWorld, disk: MemoryFileSystem, prng: Prng, witness: CrashWitness, crashChance: number) {
    this.#world = world;
    this.#disk = disk;
    this.#prng = prng;
    this.#witness = witness;
    this.#crashChance = crashChance;
    this.fileSystem = new InterceptedFileSystem(disk, {
      hold: (operation) => world.scheduler.hold(operation.kind),
      before: (operation) => this.#before(operation),
      after: (operation) => this.#after(operation),
    });
  }

  /** What its database still does is of no interest any more. */
  stop(): void {
    this.#isOver = true;
  }

  #before(operation: FileOperation): void {
    if (this.#isOver) return;
    this.#world.trace.add(traceLine(operation, '/'));
    const isChosen = this.#prng.chance(this.#chanceOf(operation));
    if (!isChosen) return;
    if (this.#prng.chance(0.5)) this.#later.add(operation);
    else this.#crash('before', operation);
  }

  #chanceOf(operation: FileOperation): number {
    if (ALWAYS.has(operation.kind) || isSyncedIntake(operation)) return this.#crashChance;
    return SOMETIMES.has(operation.kind) ? SOMETIMES_CHANCE : 0;
  }

  #after(operation: FileOperation): undefined {
    if (!this.#isOver && this.#later.delete(operation)) this.#crash('after', operation);
  }

  #crash(when: string, operation: FileOperation): void {
    const { history, checkpoints, quarantine, isOpening } = this.#witness;
    if (this.#prng.chance(LOOK_CHANCE)) this.#witness.look();
    const kind = this.#prng.chance(KILL_CHANCE) ? 'kill' : 'power loss';
    const seed = this.#prng.nextUint32();
    quarantine.noteTime(this.#world.nowMs);
    const durableCount = history.bounds('power loss').floor;
    this.crashes.push({
      kind,
      disk: kind === 'kill' ? this.#disk.clone() : this.#disk.crashClone(seed),
      history,
      bounds: history.bounds(kind),
      durableCount,
      checkpoints: checkpoints.map((checkpoint) => ({ ...checkpoint })),
      quarantine: quarantine.copy(),
      nowMs: this.#world.nowMs,
      isInRecovery: isOpening,
      moment: `${kind} ${when} ${traceLine(operation, '/')}`,
    });
  }
}
