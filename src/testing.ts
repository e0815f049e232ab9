/**
 * `stemedb/testing`: the engine with the outside world handed in. A test of an application can run its database in memory,
 * crash it at any point, make any operation of the disk fail, and do it all again from one seed.
 */
import { systemClock } from './base/clock.js';
import { systemTimers } from './base/timers.js';
import type { Database } from './engine/api.js';
import type { Environment } from './engine/environment.js';
import { openWith } from './engine/open.js';
import type { Options } from './engine/options.js';
import type { FileSystem } from './fs/file-system.js';
import { InlineRunner } from './jobs/inline-runner.js';

export { Prng } from './base/prng.js';
export type { Environment } from './engine/environment.js';
export { FaultyFileSystem } from './fs/faulty-file-system.js';
export type { FileSystem } from './fs/file-system.js';
export { MemoryFileSystem } from './fs/memory-file-system.js';
export { TracingFileSystem } from './fs/tracing-file-system.js';
export { openWith };

/** Everything on the calling thread and on `fileSystem`; whatever is left out is the real thing. */
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

/** Opens a database on `fileSystem`, in memory for instance. Errors: as of `open`. */
export function openForTest(fileSystem: FileSystem, directory: string, options: Options = {}): Promise<Database> {
  return openWith(directory, options, testEnvironment(fileSystem));
}
