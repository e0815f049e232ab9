/**
 * StemeDB: an embedded LSM storage engine. Acknowledged is durable; reads answer from memory on the calling thread.
 *
 *     const db = await open('events.db');
 *     await db.put('device/7', '21.5');
 *     db.getSync('device/7')?.toString(); // '21.5'
 *     await db.close();
 */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { systemClock } from './base/clock.js';
import { systemTimers } from './base/timers.js';
import type { Database } from './engine/api.js';
import type { Environment } from './engine/environment.js';
import { openWith } from './engine/open.js';
import type { Options } from './engine/options.js';
import { repairWith } from './engine/repair/repair.js';
import type { RepairOptions, RepairReport } from './engine/repair/repair-report.js';
import type { VerifyOptions } from './engine/verify/verify.js';
import { verifyWith } from './engine/verify/verify.js';
import type { VerifyReport } from './engine/verify/verify-report.js';
import { realFileSystem } from './fs/real-file-system.js';
import { touchMemory } from './fs/real-memory.js';
import { PiscinaRunner } from './runner/piscina-runner.js';

export type { Damage, ErrorCode } from './base/errors.js';
export { CorruptionError, InvalidOptionsError, StemeError } from './base/errors.js';
export type {
  BatchOperation,
  BulkLoadEntry,
  BulkLoadOptions,
  BulkLoadResult,
  BulkLoadSource,
  BytesLike,
  CheckpointFile,
  CheckpointOptions,
  CheckpointResult,
  Database,
  DatabaseStats,
  Entry,
  EntryIterator,
  IteratorOptions,
  KeySpan,
  LatencySummary,
  LevelStats,
  Profile,
  ProfiledPhase,
  ProfiledThread,
  ProfileOptions,
  ReadOptions,
  Snapshot,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from './engine/api.js';
export type { Finding } from './engine/finding.js';
export type {
  IngestCounts,
  IngestOptions,
  IngestOutcome,
  IngestPipeline,
  IngestSource,
} from './engine/ingest/ingest-api.js';
export type { StandardSchema } from './engine/ingest/standard-schema.js';
export type { Options, QuarantineOptions } from './engine/options.js';
export type {
  Moment,
  Quarantine,
  QuarantineAppendOptions,
  QuarantinedRecord,
  QuarantineFilter,
  QuarantineListOptions,
  QuarantineReceipt,
  QuarantineStats,
  QuarantineTenantStats,
  ReplayAudit,
  ReplayContext,
  ReplayCounts,
  ReplayHandler,
  ReplayOptions,
  ReplayResult,
  ReplayWrites,
} from './engine/quarantine/quarantine-api.js';
export type {
  FileOutcome,
  KeysBetween,
  LostSpan,
  LostValue,
  RepairedFile,
  RepairOptions,
  RepairReport,
  SequenceGap,
} from './engine/repair/repair-report.js';
export type { VerifyOptions } from './engine/verify/verify.js';
export type { VerifiedFiles, VerifiedQuarantine, VerifyReport } from './engine/verify/verify-report.js';

const environment: Environment = {
  fileSystem: realFileSystem,
  clock: systemClock,
  timers: systemTimers,
  randomUint32: () => randomInt(2 ** 32),
  coreCount: availableParallelism(),
  touchMemory: process.platform === 'win32' ? undefined : touchMemory,
  createRunner: ({ threads }) => new PiscinaRunner(threads),
  onWarning: (warning) => process.emitWarning(warning),
};

/**
 * Opens the database in `directory`, alone: a second opener gets STEME_LOCKED at once, from this process or any other.
 * Errors: STEME_INVALID_OPTION, STEME_NOT_FOUND, STEME_EXISTS, STEME_LOCKED, STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO.
 */
export function open(directory: string, options: Options = {}): Promise<Database> {
  return openWith(directory, options, environment);
}

/**
 * Reads all of the database in `directory`, which nobody has open, and reports everything that is not as it was written: checksums,
 * orders of keys, references. Writes nothing, and goes on behind each damage. Errors: STEME_NOT_FOUND, STEME_LOCKED,
 * STEME_INVALID_OPTION, STEME_UNSUPPORTED, STEME_ABORTED, STEME_IO.
 */
export function verify(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return verifyWith(directory, options, environment);
}

/**
 * Makes a database that can be opened of everything in `directory` that is intact. Nothing is deleted: what goes out of use is in
 * `lost/`, with a report. A database without damage stays as it is. Errors: STEME_NOT_FOUND, STEME_LOCKED, STEME_UNSUPPORTED where a
 * newer version wrote it, STEME_ABORTED, STEME_IO.
 */
export function repair(directory: string, options: RepairOptions = {}): Promise<RepairReport> {
  return repairWith(directory, options, environment);
}
