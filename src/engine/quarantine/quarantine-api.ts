import type { BatchOperation, BytesLike } from '../api.js';
import type { IngestPipeline } from '../ingest/ingest-api.js';

/** Milliseconds since 1970, or a date. */
export type Moment = number | Date;

export interface QuarantineAppendOptions {
  /** A short code to count and filter by, such as `malformed` or `schema`: 1 to 256 bytes in UTF-8. */
  readonly reason: string;
  /** For people: what exactly was wrong. Default: nothing. At most 4 KiB. */
  readonly detail?: string;
  /** Under which it is found again. Default: the number of the entry. At most 1 KiB. */
  readonly id?: string;
  /** Appended only if the tenant has no entry of this id yet, replayed or not. Default `false`. */
  readonly ifAbsent?: boolean;
  /** Of the record. Default: now. */
  readonly timestamp?: Moment;
  /** Where the record came from. Default: nothing. At most 4 KiB. */
  readonly source?: string;
  /** Where in the source: a line or an offset, a whole number from 0. */
  readonly position?: number;
  /** Such as `application/json`. At most 255 bytes. */
  readonly contentType?: string;
  /** How often the record was tried before. Default 0. */
  readonly attempts?: number;
}

export interface QuarantineReceipt {
  /** One counter for all tenants; later entries have larger numbers. */
  readonly number: number;
  readonly id: string;
  /** `false`: there was one of this id already, and nothing was appended. */
  readonly isNew: boolean;
}

/** A record that was not accepted. Texts that nobody gave are empty. */
export interface QuarantinedRecord {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  readonly reason: string;
  readonly detail: string;
  readonly source: string;
  readonly position: number | undefined;
  readonly contentType: string;
  /** Of the record, milliseconds since 1970. */
  readonly timestampMs: number;
  readonly appendedAtMs: number;
  /** Before it was appended, and by replays. */
  readonly attempts: number;
  /** Why the last replay failed; empty if none has. */
  readonly lastError: string;
  /** A replay has brought it into the database. `false` as well where that cannot be read: a warning says so. */
  readonly isReplayed: boolean;
  /** The caller's to keep. */
  readonly payload: Buffer;
}

export interface QuarantineFilter {
  /** Default: all tenants, one after the other. */
  readonly tenant?: string;
  /** Of the record's timestamp: from here on, … */
  readonly from?: Moment;
  /** … and before. */
  readonly to?: Moment;
  readonly reason?: string;
  readonly id?: string;
}

export interface QuarantineListOptions extends QuarantineFilter {
  readonly limit?: number;
  /** Those that a replay has brought into the database as well. Default `false`. */
  readonly includeReplayed?: boolean;
  readonly signal?: AbortSignal;
}

export interface ReplayContext {
  readonly signal: AbortSignal;
  /** From 1 on. */
  readonly attempt: number;
}

/**
 * Takes one record. What it returns is written in one batch with the mark that the entry is done: so whatever crashes, it is written
 * once. If it throws, the attempt has failed, and the entry stays.
 */
export type ReplayHandler = (record: QuarantinedRecord, context: ReplayContext) => ReplayWrites | Promise<ReplayWrites>;

export type ReplayWrites = readonly BatchOperation[] | BatchOperation | undefined;

export interface ReplayOptions {
  /** Looks at everything, writes nothing and calls no handler. Default `false`. */
  readonly dryRun?: boolean;
  /** Entries a second. Default: no limit. */
  readonly rateLimit?: number;
  /** Entries that are on their way at once; those of one go into one batch. Default 256; with 1 each has a batch of its own. */
  readonly concurrency?: number;
  /** May repair a payload: what it returns takes its place; `undefined` leaves it as it is. If it throws, the attempt has failed. */
  readonly fix?: (record: QuarantinedRecord) => BytesLike | undefined | Promise<BytesLike | undefined>;
  /** An entry that has been tried so often, replays and before, is passed over. Default 5. */
  readonly maxAttempts?: number;
  /** Who replays, for the audit. */
  readonly by?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (counts: ReplayCounts) => void;
}

export interface ReplayCounts {
  /** That the filter let through and no replay had brought in before. */
  readonly found: number;
  readonly replayed: number;
  readonly failed: number;
  /** Passed over: tried too often. */
  readonly poison: number;
  /** Entries that are damaged, or of which a mark that is damaged does not tell any more whether a replay has brought them in. */
  readonly damaged: number;
}

export interface ReplayResult extends ReplayCounts {
  /** Of its audit record; undefined for a dry run. */
  readonly auditId: string | undefined;
  readonly durationMs: number;
}

/** What is kept of a replay. */
export interface ReplayAudit {
  readonly id: string;
  readonly by: string;
  readonly startedAtMs: number;
  /** Undefined: it is running, or its process ended before it did. */
  readonly endedAtMs: number | undefined;
  readonly filter: {
    readonly tenant?: string;
    readonly fromMs?: number;
    readonly toMs?: number;
    readonly reason?: string;
    readonly id?: string;
  };
  readonly counts: ReplayCounts;
  /** `done`, `aborted`, or the message of what ended it. */
  readonly outcome: string;
}

export interface QuarantineTenantStats {
  readonly tenant: string;
  /** That no replay has brought in. */
  readonly entries: number;
  readonly replayedEntries: number;
  readonly payloadBytes: number;
  readonly segments: number;
  /** Entries or marks of replays that could not be read, or segments that are missing. */
  readonly damages: readonly string[];
}

export interface QuarantineStats {
  /** `direct`: O_DIRECT and O_DSYNC; `fdatasync` where the file system refuses that; undefined before the first append. */
  readonly syncMode: 'direct' | 'fdatasync' | undefined;
  readonly syncs: number;
  /** Entries that are in the intake and in no segment yet. */
  readonly pendingBytes: number;
  readonly openWriters: number;
  readonly segmentOpens: number;
  /** Segments that retention or a cap removed since this open, and the entries in them that were not replayed. */
  readonly expiredEntries: number;
  readonly droppedEntries: number;
}

/** Records that were not accepted, kept durably by tenant until they are replayed, purged, or older than they are to be kept. */
export interface Quarantine {
  /**
   * Durable when it resolves; many at once cost one sync. Errors: STEME_INVALID_TENANT, STEME_INVALID_OPTION, STEME_INVALID_VALUE,
   * STEME_QUARANTINE_FULL, STEME_IO after which it is not there, STEME_READ_ONLY, STEME_BACKGROUND.
   */
  append(tenant: string, payload: BytesLike, options: QuarantineAppendOptions): Promise<QuarantineReceipt>;
  /** In the order in which they were appended, tenant by tenant. What is damaged is told as a warning, and passed over. */
  list(options?: QuarantineListOptions): AsyncIterableIterator<QuarantinedRecord>;
  /** The last entry of this id. Errors: STEME_CORRUPTION. */
  get(entry: { readonly tenant: string; readonly id: string }): Promise<QuarantinedRecord | undefined>;
  /** `false`: there is no such entry for sure. Opens no file of entries. */
  mayContain(filter: QuarantineFilter & { readonly tenant: string }): Promise<boolean>;
  /** Every tenant that has entries, or had some, in the order of their ids. */
  tenants(): AsyncIterableIterator<string>;
  /** Errors: STEME_BUSY while another replay runs, and as of `batch`. */
  replay(
    filter: QuarantineFilter,
    /** A function, a pipeline as of `ingest`, or `'pipeline'`: that of the last ingest. */
    way: ReplayHandler | IngestPipeline | 'pipeline',
    options?: ReplayOptions,
  ): Promise<ReplayResult>;
  /** What was kept of replays, oldest first. One that is damaged is told as a warning, and passed over. */
  audits(): AsyncIterableIterator<ReplayAudit>;
  /** Removes segments of which every record was appended before that; returns how many entries they had. */
  purge(options: { readonly tenant: string; readonly before: Moment }): Promise<number>;
  /** Of all tenants together, … */
  stats(): Promise<QuarantineStats>;
  /** … and of one. */
  stats(tenant: string): Promise<QuarantineTenantStats>;
}
