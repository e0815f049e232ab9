import { resolve } from 'node:path';
import { StemeError } from '../base/errors.js';
import {
  MIB,
  OPEN_BLOBS_MAX,
  OPEN_TABLES_MAX,
  SEALED_MEMTABLES_MAX,
  SEQUENCE_MAX,
  WAL_RECYCLED_SEGMENTS_MAX,
} from '../base/limits.js';
import { BlobCache } from '../blob/blob-cache.js';
import type { DirectoryLock } from '../fs/file-system.js';
import type { JobRunner, TableSettings } from '../jobs/job.js';
import { SegmentAllocator } from '../log/segment-allocator.js';
import { ArenaPool } from '../memtable/arena-pool.js';
import { BlockCache } from '../table/block-cache.js';
import { RowCache } from '../table/row-cache.js';
import { TableCache } from '../table/table-cache.js';
import { VersionSet } from '../version/version-set.js';
import { SegmentFiles } from '../wal/segment-writer.js';
import type { SyncModeChoice } from '../wal/sync-mode.js';
import { chooseSyncMode } from '../wal/sync-mode.js';
import type { WalReplay } from '../wal/wal-replay.js';
import type { OpenLog, Tree } from './assemble-engine.js';
import { assembleEngine } from './assemble-engine.js';
import type { Engine } from './engine.js';
import type { Environment } from './environment.js';
import { refuseLostCurrent } from './lost-current.js';
import type { Options, ResolvedOptions } from './options.js';
import { resolveOptions } from './options.js';
import { type AroundDamage, hasManifest, NO_DAMAGE, recoverAround, withLogDamage } from './read-around.js';
import { checkPresence, EMPTY_REPLAY, numbersOfKind, replayIntoMemtables } from './recovery.js';
import { ReplayPace } from './replay-pace.js';
import { syncParents } from './sync-parents.js';
import { TreeState } from './tree-state.js';
import { verifyAtOpen } from './verify-at-open.js';

/** Opens `directory`: everything is wired here, and nothing else constructs these parts. Errors: see `Options` and docs/recovery.md. */
export async function openEngine(directory: string, options: Options, environment: Environment): Promise<Engine> {
  const resolved = resolveOptions(options, environment.coreCount);
  if (typeof directory !== 'string' || directory === '') {
    throw new StemeError('STEME_INVALID_OPTION', 'the directory of a database must be a path');
  }
  const path = resolve(directory);
  const { fileSystem } = environment;
  if (resolved.createIfMissing && !resolved.readOnly) await fileSystem.makeDirectory(path);
  else if (!(await fileSystem.exists(path))) checkPresence(false, path, resolved);
  const lock = await fileSystem.lock(path);
  const opening = new Opening(path, resolved, environment, lock);
  try {
    return await opening.run();
  } catch (error) {
    await opening.abandon();
    throw error;
  }
}

/** The steps of one open, and what must be let go of if one fails. */
class Opening {
  readonly #directory: string;
  readonly #options: ResolvedOptions;
  readonly #environment: Environment;
  readonly #lock: DirectoryLock;
  readonly #allocator: SegmentAllocator;
  readonly #releases: (() => Promise<void>)[] = [];
  /** Before there is a version set, numbers come from the first one that no file has. */
  #allocateNumber: () => number = () => 1;
  #databaseId: number | undefined;

  constructor(directory: string, options: ResolvedOptions, environment: Environment, lock: DirectoryLock) {
    this.#directory = directory;
    this.#options = options;
    this.#environment = environment;
    this.#lock = lock;
    this.#releases.push(() => lock.release());
    this.#allocator = new SegmentAllocator({
      fileSystem: environment.fileSystem,
      directory,
      allocateNumber: () => this.#allocateNumber(),
      segmentBytes: environment.logSpaceBytes ?? Math.max(options.memtableBytes, MIB),
      initialBytes: environment.logSpaceBytes,
      recycledMax: WAL_RECYCLED_SEGMENTS_MAX,
      lentMax: SEALED_MEMTABLES_MAX,
      onWarning: (cause) => environment.onWarning(spareWarning(cause)),
    });
  }

  async run(): Promise<Engine> {
    const { clock, createRunner } = this.#environment;
    const startedAtMs = clock.monotonicMs();
    const exists = await this.#exists();
    checkPresence(exists, this.#directory, this.#options);
    const created = exists ? undefined : await this.#create();
    const { versions, findings, damaged } = created ?? (await this.#recoverVersions());
    this.#releases.push(() => versions.close());
    this.#allocateNumber = () => versions.allocateFileNumber();
    this.#databaseId = versions.databaseId;
    const runner = createRunner(this.#options);
    this.#releases.push(() => runner.close());
    await this.#verifyTables(versions, runner);
    const tree = this.#createTree(versions, damaged);
    const replayStartedAtMs = clock.monotonicMs();
    const replay = created === undefined ? await this.#replay(versions, tree.state, runner) : EMPTY_REPLAY;
    const replayMs = replay.records === 0 ? 0 : clock.monotonicMs() - replayStartedAtMs;
    const pace = new ReplayPace();
    pace.note(
      replay.chain.reduce((sum, { endBytes }) => sum + endBytes, 0),
      replayMs,
    );
    const log = created ?? (await this.#openLog(versions, replay));
    const engine = assembleEngine({
      ...tree,
      directory: this.#directory,
      options: this.#options,
      environment: this.#environment,
      lock: this.#lock,
      allocator: this.#allocator,
      tableSettings: () => this.#tableSettings(),
      versions,
      runner,
      replay,
      damage: withLogDamage(findings, replay),
      log,
      openMs: clock.monotonicMs() - startedAtMs,
      replayMs,
      pace,
    });
    this.#releases.push(() => engine.close());
    if (replay.damage !== undefined && !this.#options.readOnly) await engine.parts.flushes.restartLog();
    return engine;
  }

  /** Lets go of what was taken, last first; the error that led here is the one to report. */
  async abandon(): Promise<void> {
    for (const release of this.#releases.reverse()) await Promise.allSettled([release()]);
  }

  /** Whether there is a database, which may have lost its CURRENT. */
  async #exists(): Promise<boolean> {
    const { fileSystem } = this.#environment;
    if (await VersionSet.exists(fileSystem, this.#directory)) return true;
    if (this.#options.onDamage === 'read-around' && (await hasManifest(fileSystem, this.#directory))) return true;
    await refuseLostCurrent(fileSystem, this.#directory);
    return false;
  }

  async #create(): Promise<OpenLog & AroundDamage> {
    const { fileSystem, randomUint32 } = this.#environment;
    const names = await fileSystem.list(this.#directory);
    let nextNumber = Math.max(0, ...numbersOfKind(names, 'log'), ...numbersOfKind(names, 'recycled')) + 1;
    this.#allocateNumber = () => nextNumber++;
    const databaseId = randomUint32();
    const syncMode = await this.#chooseSyncMode();
    const segments = this.#createSegments(databaseId, syncMode, EMPTY_REPLAY);
    // The manifest names this segment as the first, so it must be durable before: then a missing one is a lost one.
    const segment = await segments.next(undefined, 0);
    this.#releases.push(() => segment.close());
    await segment.sync();
    await syncParents(fileSystem, this.#directory);
    const versions = await VersionSet.create({
      fileSystem,
      directory: this.#directory,
      databaseId,
      logNumber: segment.number,
      nextFileNumber: nextNumber,
    });
    return { versions, ...NO_DAMAGE, syncMode, segments, segment };
  }

  async #recoverVersions(): Promise<AroundDamage> {
    const { fileSystem } = this.#environment;
    if (this.#options.onDamage === 'read-around') return recoverAround(fileSystem, this.#directory);
    const versions = await VersionSet.recover({ fileSystem, directory: this.#directory });
    await versions.verifyTables();
    if (!this.#options.readOnly) await versions.syncRecovered();
    return { versions, ...NO_DAMAGE };
  }

  /** Where the option asks for it. Who wants to read around damage is not refused for it. */
  async #verifyTables({ current: version }: VersionSet, runner: JobRunner): Promise<void> {
    const { threads, paranoid, onDamage } = this.#options;
    if (paranoid !== 'all' || onDamage === 'read-around') return;
    await verifyAtOpen({ directory: this.#directory, version, runner, threads });
  }

  #createTree(versions: VersionSet, damaged: AroundDamage['damaged']): Tree {
    const { memtableBytes, blockCacheBytes, rowCacheBytes, readMode } = this.#options;
    const { fileSystem, touchMemory } = this.#environment;
    const blockCache = new BlockCache(blockCacheBytes);
    const rowCache = new RowCache(rowCacheBytes);
    const files = { fileSystem, directory: this.#directory, readMode, damaged };
    const tables = new TableCache({ ...files, blockCache, openTablesMax: OPEN_TABLES_MAX });
    const databaseIdOf = (number: number) => versions.current.blobs.get(number)?.databaseId;
    const blobs = new BlobCache({ ...files, openBlobsMax: OPEN_BLOBS_MAX, databaseIdOf });
    let collectFiles: () => void = () => undefined;
    const state = new TreeState({
      arenas: new ArenaPool(memtableBytes, SEALED_MEMTABLES_MAX, touchMemory),
      tables,
      rows: rowCache,
      version: versions.current,
      visibleSequence: versions.lastSequence,
      onVersionUnused: () => collectFiles(),
    });
    return { blockCache, rowCache, tables, blobs, state, onVersionUnused: (collect) => (collectFiles = collect) };
  }

  #replay(versions: VersionSet, state: TreeState, runner: JobRunner): Promise<WalReplay> {
    return replayIntoMemtables({
      fileSystem: this.#environment.fileSystem,
      directory: this.#directory,
      options: this.#options,
      tableSettings: () => this.#tableSettings(),
      // Nobody reads yet.
      moments: () => [SEQUENCE_MAX],
      blobThreshold: this.#options.blobThreshold,
      versions,
      state,
      runner,
    });
  }

  /** A segment to write is made with the first write: an open that only reads leaves the log alone. */
  async #openLog(versions: VersionSet, replay: WalReplay): Promise<OpenLog> {
    const { fileSystem } = this.#environment;
    if (this.#options.readOnly) {
      const syncMode: SyncModeChoice = { mode: 'fdatasync', reason: 'opened with readOnly' };
      return {
        syncMode,
        // What is left over stays: nothing is removed.
        segments: this.#createSegments(versions.databaseId, syncMode, { ...replay, obsoleteNumbers: [] }),
        segment: undefined,
      };
    }
    const names = await fileSystem.list(this.#directory);
    await this.#allocator.adopt(numbersOfKind(names, 'recycled'));
    const syncMode = await this.#chooseSyncMode();
    return { syncMode, segments: this.#createSegments(versions.databaseId, syncMode, replay), segment: undefined };
  }

  #chooseSyncMode(): Promise<SyncModeChoice> {
    const { fileSystem, clock } = this.#environment;
    const probe = { fileSystem, directory: this.#directory, clock, fileNumber: this.#allocateNumber() };
    return chooseSyncMode(this.#options.walSync, probe);
  }

  #createSegments(databaseId: number, syncMode: SyncModeChoice, replay: WalReplay): SegmentFiles {
    const { fileSystem, clock } = this.#environment;
    return new SegmentFiles({
      fileSystem,
      allocator: this.#allocator,
      databaseId,
      syncMode: syncMode.mode,
      clock,
      recovered: replay.chain,
      obsoleteNumbers: replay.obsoleteNumbers,
    });
  }

  #tableSettings(): TableSettings {
    const { blockBytes, bloomBitsPerKey, compression, paranoid } = this.#options;
    const createdAtMs = this.#environment.clock.nowMs();
    return {
      directory: this.#directory,
      databaseId: this.#databaseId,
      blockBytes,
      bloomBitsPerKey,
      compression,
      createdAtMs,
      verifiesOutputs: paranoid !== 'off',
    };
  }
}

function spareWarning(cause: unknown): StemeError {
  return new StemeError('STEME_IO', 'no log space could be prepared ahead; writes go on more slowly', { cause });
}
