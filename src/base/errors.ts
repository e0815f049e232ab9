/**
 * Stable error codes. A code is a promise to the user: it is never renamed, and a message may change where a code may not.
 *
 * | code | meaning | what to do |
 * | --- | --- | --- |
 * | `STEME_INVALID_OPTION` | one or more options are wrong; `problems` lists them all | fix the options |
 * | `STEME_INVALID_KEY` | the key is empty, too long, or not bytes or a string | fix the key |
 * | `STEME_INVALID_VALUE` | the value is too long, or not bytes or a string | fix the value |
 * | `STEME_INVALID_BATCH` | a batch, or one operation in it, is malformed or too large | fix the batch |
 * | `STEME_INVALID_RANGE` | a bound of an iterator or of a range delete is malformed, or the bounds are the wrong way round | fix the bound |
 * | `STEME_INVALID_TENANT` | the id of a tenant is no string, too long, or not well-formed Unicode | fix the id |
 * | `STEME_CLOSED` | the database, the iterator or the snapshot is closed | open it again |
 * | `STEME_LOCKED` | another opener holds the directory | close the other one |
 * | `STEME_NOT_FOUND` | no database in the directory and `createIfMissing` is off | check the path |
 * | `STEME_EXISTS` | a database exists and `errorIfExists` is on | choose another directory |
 * | `STEME_READ_ONLY` | a write to a database opened with `readOnly` | open it for writing |
 * | `STEME_BACKGROUND` | an earlier I/O failure turned the database read-only (law 7) | see `cause`; after a full disk make room and call `resume()`, else repair and reopen |
 * | `STEME_BUSY` | more unacknowledged writes are queued than the limit allows (law 8), or a write would wait longer than its `maxDelayMs` | await earlier writes, or write less |
 * | `STEME_QUARANTINE_FULL` | a tenant's quarantine has reached its cap; the record was not appended (as a warning: the oldest entries made room) | replay or purge it, or raise the cap |
 * | `STEME_CLOCK` | a warning: the time of day has leapt forwards, so that nothing is removed for its age for now | set the clock right |
 * | `STEME_CONFLICT` | a transaction read what another write has changed since; nothing of it was written | run it again |
 * | `STEME_TRANSACTION_CLOSED` | a transaction is used after its end, or it took longer than it may | keep transactions short |
 * | `STEME_ABORTED` | the caller's signal ended the call; a write that was aborted is never written | |
 * | `STEME_LEAK` | a warning: a snapshot has been open for long, or was lost without `close()` | close it when it is done |
 * | `STEME_CORRUPTION` | bytes on disk are not what was written (law 5) | see all of it with `steme verify`; restore, or `steme repair`; meanwhile open with `readOnly` and `onDamage: 'read-around'` |
 * | `STEME_UNSUPPORTED` | a file was written by a newer format version | upgrade the package |
 * | `STEME_PROFILER` | the profiler cannot run: this Node has none, or another one is at work | see the message |
 * | `STEME_IO` | the operating system refused an operation | see `cause` |
 * | `STEME_INTERNAL` | an invariant of the engine is broken: a bug of ours | report it with the message |
 */
export type ErrorCode =
  | 'STEME_INVALID_OPTION'
  | 'STEME_INVALID_KEY'
  | 'STEME_INVALID_VALUE'
  | 'STEME_INVALID_BATCH'
  | 'STEME_INVALID_RANGE'
  | 'STEME_INVALID_TENANT'
  | 'STEME_CLOSED'
  | 'STEME_LOCKED'
  | 'STEME_NOT_FOUND'
  | 'STEME_EXISTS'
  | 'STEME_READ_ONLY'
  | 'STEME_BACKGROUND'
  | 'STEME_BUSY'
  | 'STEME_QUARANTINE_FULL'
  | 'STEME_CLOCK'
  | 'STEME_CONFLICT'
  | 'STEME_TRANSACTION_CLOSED'
  | 'STEME_ABORTED'
  | 'STEME_LEAK'
  | 'STEME_CORRUPTION'
  | 'STEME_UNSUPPORTED'
  | 'STEME_PROFILER'
  | 'STEME_IO'
  | 'STEME_INTERNAL';

/** Every error that the engine throws on purpose. `code` is stable; `cause` is the error below it, if any. */
export class StemeError extends Error {
  override readonly name: string = 'StemeError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Where damage was found, and what should have been there. `offsetBytes` counts from the start of the file. */
export interface Damage {
  readonly file: string;
  readonly offsetBytes: number;
  readonly expected: string;
  readonly found: string;
}

/** Bytes on disk are not what was written (law 5). Never retried, never turned into `undefined`. */
export class CorruptionError extends StemeError {
  override readonly name = 'CorruptionError';
  readonly damage: Damage;

  constructor(damage: Damage, options?: { cause?: unknown }) {
    const { file, offsetBytes, expected, found } = damage;
    super(
      'STEME_CORRUPTION',
      `${file} is damaged at byte ${offsetBytes}: expected ${expected}, found ${found}`,
      options,
    );
    this.damage = damage;
  }
}

/** All problems of one options object at once, so that the user fixes them in one go. */
export class InvalidOptionsError extends StemeError {
  override readonly name = 'InvalidOptionsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('STEME_INVALID_OPTION', `invalid options: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/** What crosses a thread boundary: a thrown error posted from a worker loses its class and code. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly systemCode?: string;
  readonly damage?: Damage;
  readonly stack?: string;
}

export function errorToData(error: unknown): ErrorData {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const systemCode = systemCodeOf(error);
  if (error instanceof CorruptionError) return { code: error.code, message, systemCode, damage: error.damage, stack };
  if (error instanceof StemeError) return { code: error.code, message, systemCode, stack };
  return { code: systemCode === undefined ? 'STEME_INTERNAL' : 'STEME_IO', message, systemCode, stack };
}

export function errorFromData(data: ErrorData): StemeError {
  const cause = Object.assign(new Error(data.message), { code: data.systemCode, stack: data.stack });
  if (data.damage !== undefined) return new CorruptionError(data.damage, { cause });
  return new StemeError(data.code, data.message, { cause });
}

/** A chain of causes that is longer goes in a circle. */
const CAUSES_MAX = 32;

/** The errno name (`ENOSPC`, `EIO`) at the bottom of a chain of causes, if there is one. */
export function systemCodeOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++, current = current.cause) {
    const code = 'code' in current ? current.code : undefined;
    if (typeof code === 'string' && !code.startsWith('STEME_')) return code;
  }
  return undefined;
}

/** An invariant of ours: a failure is a bug in the engine, never a state of the world. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`stemedb invariant broken: ${invariant}`);
}
