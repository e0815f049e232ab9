import * as v from 'valibot';
import { InvalidOptionsError } from '../base/errors.js';
import {
  BASE_LEVEL_BYTES_MAX,
  BLOB_THRESHOLD_BYTES_DEFAULT,
  BLOCK_BYTES_DEFAULT,
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  BLOCK_CACHE_BYTES_DEFAULT,
  BLOOM_BITS_PER_KEY_DEFAULT,
  BLOOM_BITS_PER_KEY_MAX,
  GIB,
  MEMTABLE_BYTES_DEFAULT,
  MEMTABLE_BYTES_MAX,
  MEMTABLE_BYTES_MIN,
  RECOVERY_SECONDS_MAX_DEFAULT,
  RECOVERY_SECONDS_MAX_MAX,
  RECOVERY_SECONDS_MAX_MIN,
  ROW_CACHE_BYTES_DEFAULT,
  ROW_CACHE_BYTES_MAX,
  SCRUB_PERIOD_HOURS_DEFAULT,
  SCRUB_PERIOD_HOURS_MAX,
  SNAPSHOT_WARNING_MS_DEFAULT,
  TABLE_BYTES_MAX,
  TABLE_BYTES_MIN,
  TABLE_BYTES_TARGET,
  TRANSACTION_TIMEOUT_MS_DEFAULT,
  TRANSACTION_TIMEOUT_MS_MAX,
  TTL_MS_MAX,
  VALUE_BYTES_MAX,
  WORKER_THREADS_MAX,
} from '../base/limits.js';
import { type QuarantineSettings, quarantineSchema, type TenantSettings } from './quarantine/quarantine-settings.js';

/**
 * Options of `open`, plain data.
 *
 * | option | default | meaning |
 * | --- | --- | --- |
 * | `createIfMissing` | `true` | make the directory and the database if there is none |
 * | `errorIfExists` | `false` | refuse a directory that holds a database |
 * | `readOnly` | `false` | never write to the directory; writes are refused with STEME_READ_ONLY |
 * | `memtableBytes` | 64 MiB | memory of one memtable, 4 KiB to 1 GiB; up to three sealed ones wait for their flush beside it |
 * | `blockCacheBytes` | 64 MiB | memory for blocks of tables; 0 turns the cache off |
 * | `rowCacheBytes` | 32 MiB | memory for records that are read by key again and again; 0 turns it off, at most 1 GiB |
 * | `blockBytes` | 4 KiB | size of a data block before compression, 64 bytes to 1 MiB |
 * | `bloomBitsPerKey` | 10 | 0 turns filters off; at most 32 |
 * | `blobThreshold` | 4 KiB | values of so many bytes or more are kept in files of their own, apart from the keys; 0 turns that off |
 * | `ttlMs` | 0 | every put without a `ttlMs` of its own expires so many milliseconds after it; 0: never |
 * | `tableBytes` | 64 MiB | a table that a compaction writes has about this size, 4 KiB to 1 GiB |
 * | `baseLevelBytes` | 256 MiB | the first level below L0 that is in use has at most about this size, 4 KiB to 1 TiB |
 * | `autoCompact` | `true` | `false`: levels are merged only by `compact()` |
 * | `compression` | `'lz4'` | `'lz4'` (kept per block where it pays) or `'none'` |
 * | `walSync` | `'auto'` | how the log is made durable: `'direct'` (O_DIRECT and O_DSYNC), `'fdatasync'`, or the faster one here |
 * | `readMode` | `'mmap'` | `'mmap'` (falls back to pread where it is not to be had) or `'pread'` |
 * | `threads` | cores − 1, 2 to 4 | worker threads; of two or more, one is kept for flushes; a recovery has as many of its own until it is over |
 * | `scrubPeriodHours` | 168 | every table, with the values it refers to, is read and verified in the background once in so many hours, up to 8,760; 0: never |
 * | `snapshotWarningMs` | 10 minutes | a warning when a snapshot is open for longer; 0: none |
 * | `transactionTimeoutMs` | 30 s | a transaction that takes longer is ended, 1 ms to a day |
 * | `maxRecoverySeconds` | 10 | so much log is kept as can be replayed in that time after a crash, 0.1 to 3600 |
 * | `flushOnClose` | `true` | `close()` writes what is in memory to tables, so that the next open replays nothing; `false`: it stays in the log |
 * | `paranoid` | `'off'` | `'new-tables'`: what a flush, a compaction or a bulk load wrote is read back and checked before it counts; `'all'`: all tables are checked at open too (docs/recovery.md) |
 * | `walRecovery` | `'strict'` | on damage inside the log: `'strict'` refuses to open; `'stop-at-damage'` keeps what is before it and renames the damaged segments to `*.damaged` |
 * | `quarantine` | 24 hours, no caps | how long records that were not accepted are kept, and how many: `{ retentionMs, bytesMax, entriesMax, whenFull, tenants }` (docs/quarantine.md) |
 * | `onDamage` | `'refuse'` | `'read-around'`, only with `readOnly`: a damaged database opens, and reads that would need what is damaged throw STEME_CORRUPTION; `stats().recovery.damage` lists it |
 */
export interface Options {
  readonly createIfMissing?: boolean;
  readonly errorIfExists?: boolean;
  readonly readOnly?: boolean;
  readonly memtableBytes?: number;
  readonly blockCacheBytes?: number;
  readonly rowCacheBytes?: number;
  readonly blockBytes?: number;
  readonly bloomBitsPerKey?: number;
  readonly blobThreshold?: number;
  readonly ttlMs?: number;
  readonly tableBytes?: number;
  readonly baseLevelBytes?: number;
  readonly autoCompact?: boolean;
  readonly compression?: 'lz4' | 'none';
  readonly walSync?: 'auto' | 'direct' | 'fdatasync';
  readonly readMode?: 'mmap' | 'pread';
  readonly threads?: number;
  readonly scrubPeriodHours?: number;
  readonly snapshotWarningMs?: number;
  readonly transactionTimeoutMs?: number;
  readonly maxRecoverySeconds?: number;
  readonly flushOnClose?: boolean;
  readonly paranoid?: 'off' | 'new-tables' | 'all';
  readonly walRecovery?: 'strict' | 'stop-at-damage';
  readonly onDamage?: 'refuse' | 'read-around';
  readonly quarantine?: QuarantineOptions;
}

/** Of all tenants, and under `tenants`, by their ids, of those that differ. */
export interface QuarantineOptions extends Partial<TenantSettings> {
  readonly tenants?: Readonly<Record<string, Partial<TenantSettings>>>;
}

export type ResolvedOptions = Readonly<Required<Omit<Options, 'quarantine'>>> & {
  readonly quarantine: QuarantineSettings;
};

function wholeBetween(min: number, max: number, fallback: number) {
  return v.optional(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)), fallback);
}

const schema = v.strictObject({
  createIfMissing: v.optional(v.boolean(), true),
  errorIfExists: v.optional(v.boolean(), false),
  readOnly: v.optional(v.boolean(), false),
  memtableBytes: wholeBetween(MEMTABLE_BYTES_MIN, MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_DEFAULT),
  blockCacheBytes: wholeBetween(0, Number.MAX_SAFE_INTEGER, BLOCK_CACHE_BYTES_DEFAULT),
  rowCacheBytes: wholeBetween(0, ROW_CACHE_BYTES_MAX, ROW_CACHE_BYTES_DEFAULT),
  blockBytes: wholeBetween(BLOCK_BYTES_MIN, BLOCK_BYTES_MAX, BLOCK_BYTES_DEFAULT),
  bloomBitsPerKey: wholeBetween(0, BLOOM_BITS_PER_KEY_MAX, BLOOM_BITS_PER_KEY_DEFAULT),
  blobThreshold: wholeBetween(0, VALUE_BYTES_MAX, BLOB_THRESHOLD_BYTES_DEFAULT),
  ttlMs: wholeBetween(0, TTL_MS_MAX, 0),
  tableBytes: wholeBetween(TABLE_BYTES_MIN, TABLE_BYTES_MAX, TABLE_BYTES_TARGET),
  baseLevelBytes: wholeBetween(TABLE_BYTES_MIN, 1024 * GIB, BASE_LEVEL_BYTES_MAX),
  autoCompact: v.optional(v.boolean(), true),
  compression: v.optional(v.picklist(['lz4', 'none']), 'lz4'),
  walSync: v.optional(v.picklist(['auto', 'direct', 'fdatasync']), 'auto'),
  readMode: v.optional(v.picklist(['mmap', 'pread']), 'mmap'),
  threads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WORKER_THREADS_MAX))),
  scrubPeriodHours: wholeBetween(0, SCRUB_PERIOD_HOURS_MAX, SCRUB_PERIOD_HOURS_DEFAULT),
  snapshotWarningMs: wholeBetween(0, Number.MAX_SAFE_INTEGER, SNAPSHOT_WARNING_MS_DEFAULT),
  transactionTimeoutMs: wholeBetween(1, TRANSACTION_TIMEOUT_MS_MAX, TRANSACTION_TIMEOUT_MS_DEFAULT),
  maxRecoverySeconds: v.optional(
    v.pipe(v.number(), v.minValue(RECOVERY_SECONDS_MAX_MIN), v.maxValue(RECOVERY_SECONDS_MAX_MAX)),
    RECOVERY_SECONDS_MAX_DEFAULT,
  ),
  flushOnClose: v.optional(v.boolean(), true),
  paranoid: v.optional(v.picklist(['off', 'new-tables', 'all']), 'off'),
  walRecovery: v.optional(v.picklist(['strict', 'stop-at-damage']), 'strict'),
  onDamage: v.optional(v.picklist(['refuse', 'read-around']), 'refuse'),
  quarantine: v.optional(quarantineSchema, {}),
});

/** The names of all options, for who takes others beside them. */
export const optionNames: ReadonlySet<string> = new Set(Object.keys(schema.entries));

/** Checks everything at once and fills in the defaults. Errors: STEME_INVALID_OPTION with every problem named. */
export function resolveOptions(options: Options, coreCount: number): ResolvedOptions {
  const parsed = v.safeParse(schema, options);
  if (!parsed.success) throw new InvalidOptionsError(parsed.issues.map(describeIssue));
  const resolved = parsed.output;
  if (resolved.readOnly && resolved.errorIfExists) {
    throw new InvalidOptionsError(['readOnly and errorIfExists exclude each other']);
  }
  if (resolved.onDamage === 'read-around' && !resolved.readOnly) {
    throw new InvalidOptionsError(["onDamage 'read-around' needs readOnly: damage is not written around"]);
  }
  const threads = resolved.threads ?? Math.min(4, Math.max(2, coreCount - 1));
  return Object.freeze({ ...resolved, threads });
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const name = v.getDotPath(issue);
  if (name === null) return `options must be an object, got ${issue.received}`;
  if (issue.expected === 'never') return `${name} is not an option`;
  return `${name} must be ${issue.expected ?? 'legal'}, got ${issue.received}`;
}
