/** The built engine on the real disk, with small files, hurried background work, and every file operation announced. */
import { loadEnginePart } from '../../native-bench/support/engine.js';
import type { StemeError } from '../../src/base/errors.js';
import type { Timers } from '../../src/base/timers.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { LOG_BYTES } from './quarantine-plan.js';

type Testing = typeof import('../../src/testing.js');
type RealDisk = typeof import('../../src/fs/real-file-system.js');
type Runner = typeof import('../../src/runner/piscina-runner.js');
type SystemTimers = typeof import('../../src/base/timers.js');

/** What the quarantine does once a second, and once a minute, comes that much sooner. */
const HURRY = 25;
const MINUTE_MS = 60_000;
const SWEEP_MS = 100;

export interface OperationWatch {
  readonly before: (operation: FileOperation) => void;
  readonly after: (operation: FileOperation) => void;
}

/** `onWarning` hears what the engine cannot say otherwise. */
export async function openHurried(
  directory: string,
  options: Options,
  onWarning: (warning: StemeError) => void,
  watch?: OperationWatch,
): Promise<Database> {
  const { openWith, testEnvironment, interceptFileSystem } = await loadEnginePart<Testing>('testing.js');
  const { realFileSystem } = await loadEnginePart<RealDisk>('fs/real-file-system.js');
  const { PiscinaRunner } = await loadEnginePart<Runner>('runner/piscina-runner.js');
  const { systemTimers } = await loadEnginePart<SystemTimers>('base/timers.js');
  const after = (operation: FileOperation): undefined => {
    watch?.after(operation);
  };
  const fileSystem = watch === undefined ? realFileSystem : interceptFileSystem(realFileSystem, watch.before, after);
  const environment = testEnvironment(fileSystem, {
    timers: hurried(systemTimers),
    randomUint32: () => Math.floor(Math.random() * 2 ** 32),
    createRunner: ({ threads }) => new PiscinaRunner(threads),
    logSpaceBytes: LOG_BYTES,
    onWarning,
  });
  return openWith(directory, options, environment);
}

function hurried(timers: Timers): Timers {
  return {
    after: (delayMs, callback) => timers.after(delayMs, callback),
    afterIdly: (delayMs, callback) => timers.afterIdly(delayMs >= MINUTE_MS ? SWEEP_MS : delayMs / HURRY, callback),
  };
}
