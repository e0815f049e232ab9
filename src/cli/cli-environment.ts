import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.js';
import type { Database } from '../engine/api.js';
import type { Options } from '../engine/options.js';
import type { RepairOptions, RepairReport } from '../engine/repair/repair-report.js';
import type { VerifyOptions } from '../engine/verify/verify.js';
import type { VerifyReport } from '../engine/verify/verify-report.js';
import type { FileSystem } from '../fs/file-system.js';
import type { RunProgram } from './profile/run-program.js';

export type OpenDatabase = (directory: string, options?: Options) => Promise<Database>;

export type VerifyDatabase = (directory: string, options?: VerifyOptions) => Promise<VerifyReport>;
export type RepairDatabase = (directory: string, options?: RepairOptions) => Promise<RepairReport>;

export interface CliOutput extends Writable {
  /** True on a terminal. */
  readonly isTTY?: boolean;
}

/** What the commands touch of the world, handed in so that a test can hold it. */
export interface CliEnvironment {
  readonly stdin: Readable;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** Aborts at SIGINT or SIGTERM: commands stop, keep what they have, and say how far they got. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly fileSystem: FileSystem;
  readonly openDatabase: OpenDatabase;
  readonly verifyDatabase: VerifyDatabase;
  readonly repairDatabase: RepairDatabase;
  readonly runProgram: RunProgram;
}
