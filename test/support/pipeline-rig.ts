import type { StemeError } from '../../src/base/errors.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { SEALED_MEMTABLES_MAX } from '../../src/base/limits.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { StallDecision } from '../../src/compaction/stall.js';
import { CommitPipeline } from '../../src/engine/commit-pipeline.js';
import { StallController } from '../../src/engine/stall-controller.js';
import { StallMeter } from '../../src/engine/stall-meter.js';
import { StallWatchdog } from '../../src/engine/stall-watchdog.js';
import { TreeState } from '../../src/engine/tree-state.js';
import type { Operation } from '../../src/engine/write-queue.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { ArenaPool } from '../../src/memtable/arena-pool.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { RowCache } from '../../src/table/row-cache.js';
import { TableCache } from '../../src/table/table-cache.js';
import { Version } from '../../src/version/version.js';
import { replayedKeys, WalRig } from './wal-rig.js';

export const NO_STALL = { kind: 'none' } as const;
export const STOP = { kind: 'stop', cause: 'l0', debtBytes: 1000, estimateMs: 5000 } as const;

export function delayOf(bytesPerSecond: number): StallDecision {
  return { kind: 'delay', cause: 'debt', bytesPerSecond, debtBytes: 1000, estimateMs: 5000 };
}

export function putOf(key: string, value = ''): Operation {
  return { kind: KIND_PUT, key: Buffer.from(key), value: Buffer.from(value) };
}

/** A commit pipeline with its log and memtables, and in the test's hands: time, what the stall controller decides, and whether jobs run. */
export class PipelineRig {
  readonly #disk: MemoryFileSystem;
  readonly time = new SimulatedTime();
  readonly warnings: StemeError[] = [];
  readonly pipeline: CommitPipeline;
  readonly controller: StallController;
  readonly watchdog: StallWatchdog;
  readonly state: TreeState;
  readonly wal: WalRig;
  /** Call `controller.update()` after a change. */
  decision: StallDecision = NO_STALL;
  isWorkPending = true;
  onReschedule: () => void = () => undefined;
  decideCount = 0;

  private constructor(fileSystem: MemoryFileSystem, wal: WalRig, memtableBytes: number) {
    this.#disk = fileSystem;
    const blockCache = new BlockCache(0);
    this.wal = wal;
    this.state = new TreeState({
      arenas: new ArenaPool(memtableBytes, 1),
      tables: new TableCache({ fileSystem, directory: '/db', readMode: 'pread', blockCache, openTablesMax: 4 }),
      rows: new RowCache(0),
      version: Version.empty(),
      visibleSequence: 0,
      onVersionUnused: () => undefined,
    });
    const onRoom = (): void => this.pipeline.resume();
    wal.onRoom = onRoom;
    this.watchdog = new StallWatchdog({
      timers: this.time,
      isWorkPending: () => this.isWorkPending,
      reschedule: () => this.onReschedule(),
      onWarning: (warning) => this.warnings.push(warning),
    });
    this.controller = new StallController({
      clock: this.time,
      timers: this.time,
      decide: () => {
        this.decideCount++;
        return this.decision;
      },
      onRoom,
    });
    this.pipeline = new CommitPipeline({
      state: this.state,
      wal: wal.wal,
      timers: this.time,
      lastSequence: 0,
      trySeal: (minimumBytes) => this.#trySeal(minimumBytes),
      flushMs: () => 250,
      stalls: new StallMeter(this.time, this.watchdog),
      controller: this.controller,
    });
  }

  static async create(memtableBytes = 1024 * 1024): Promise<PipelineRig> {
    const disk = new MemoryFileSystem();
    return new PipelineRig(disk, await WalRig.create(disk), memtableBytes);
  }

  decide(decision: StallDecision): void {
    this.decision = decision;
    this.controller.update();
  }

  put(key: string, value = ''): Promise<void> {
    const operation = putOf(key, value);
    return this.pipeline.writeOne(operation.kind, operation.key, operation.value, false, undefined);
  }

  /** As a flush would: the oldest sealed memtable is a table now. */
  finishFlush(): void {
    this.state.replaceOldestSealed(this.state.version);
    this.pipeline.resume();
  }

  /** Keys in the log, in its order. */
  async keysInLog(): Promise<string[]> {
    await this.wal.wal.close();
    return (await replayedKeys(this.#disk)).map(({ key }) => key);
  }

  #trySeal(minimumBytes: number): boolean {
    if (this.state.sealed.length >= SEALED_MEMTABLES_MAX) return false;
    this.state.seal(this.state.createSlot(minimumBytes), this.wal.wal.rotate());
    return true;
  }
}
