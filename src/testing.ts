/**
 * `stemedb/testing`: the engine with the outside world handed in, so that an application can test itself on a store that tears, lies
 * and fills up. A database runs on a disk in memory, is crashed at any point, meets any failure of the disk, at a time that stands still
 * until it is moved on; and one seed does it all again. docs/testing.md has a worked example.
 *
 * | what | for |
 * | --- | --- |
 * | `MemoryFileSystem` | a disk in memory: `crashClone(seed)` is it after a power loss, `clone()` after a kill; `capacityBytes` fills it |
 * | `FaultyFileSystem` | chosen operations fail, are cut short, read damage, or are late |
 * | `LyingFileSystem` | says that it synced and has not: a test of durability must fail on it |
 * | `TracingFileSystem`, `interceptFileSystem` | what is asked of the disk, as lines or as calls |
 * | `SimulatedTime` | clock and timers that only `advance` moves |
 * | `crashAtEveryStep` | a workload, crashed at each sync, rename and removal |
 * | `openForTest`, `testEnvironment`, `openWith` | a database on all of that, its jobs on the calling thread |
 * | `Prng` | seeded chance for the test itself |
 */
import { systemClock } from './base/clock.js';
import { systemTimers } from './base/timers.js';
import type { Database } from './engine/api.js';
import type { Environment } from './engine/environment.js';
import { openWith } from './engine/open.js';
import type { Options } from './engine/options.js';
import type { FileSystem } from './fs/file-system.js';
import { InlineRunner } from './jobs/inline-runner.js';

export type { Clock } from './base/clock.js';
export { Prng } from './base/prng.js';
export { SimulatedTime } from './base/simulated-time.js';
export type { CancelTimer, Timers } from './base/timers.js';
export type { Environment } from './engine/environment.js';
export type { ResolvedOptions } from './engine/options.js';
export type { CrashKind, CrashPlan, CrashPoint, CrashReport } from './fs/crash-at-every-step.js';
export { CRASH_STEPS, crashAtEveryStep } from './fs/crash-at-every-step.js';
export type { FaultRule, FaultyFileSystemOptions } from './fs/faulty-file-system.js';
export { FaultyFileSystem } from './fs/faulty-file-system.js';
export type { AfterOperation, BeforeOperation, FileOperation, FileOperationKind } from './fs/file-operation.js';
export type { DirectoryLock, FileHandle, FileMapping, FileSystem, OpenMode } from './fs/file-system.js';
export { interceptFileSystem } from './fs/intercepted-file-system.js';
export type { LyingFileSystemOptions } from './fs/lying-file-system.js';
export { LyingFileSystem } from './fs/lying-file-system.js';
export type { MemoryFileSystemOptions } from './fs/memory-file-system.js';
export { MemoryFileSystem } from './fs/memory-file-system.js';
export { DURABILITY_KINDS, TracingFileSystem } from './fs/tracing-file-system.js';
export { InlineRunner } from './jobs/inline-runner.js';
export type { Job, JobOutput, JobRunner } from './jobs/job.js';
export { openWith };

/**
 * The outside world of a database on `fileSystem`: real time, jobs on the calling thread, one database id, no core but this one, and
 * warnings that nobody hears. `overrides` replace any of it.
 */
export function testEnvironment(fileSystem: FileSystem, overrides: Partial<Environment> = {}): Environment {
  return {
    fileSystem,
    clock: systemClock,
    timers: systemTimers,
    randomUint32: () => 1,
    coreCount: 1,
    createRunner: () => new InlineRunner(fileSystem),
    onWarning: () => undefined,
    ...overrides,
  };
}

/**
 * Opens a database in `directory` of `fileSystem`. `walSync` is `'fdatasync'` unless `options` say otherwise: `'auto'` would time the
 * disk, and the same seed would not run the same way. `overrides` as of `testEnvironment`: `{ clock: time, timers: time }` with a
 * `SimulatedTime`. Errors: as of `open`.
 */
export function openForTest(
  fileSystem: FileSystem,
  directory: string,
  options: Options = {},
  overrides: Partial<Environment> = {},
): Promise<Database> {
  return openWith(directory, { walSync: 'fdatasync', ...options }, testEnvironment(fileSystem, overrides));
}
