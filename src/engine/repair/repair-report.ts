import type { JsonBytes } from '../../base/json-bytes.js';
import type { Finding } from '../finding.js';

export interface RepairOptions {
  /** Finds out everything and writes nothing. Default `false`. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
  /** Ends the repair; the database is then as it was. */
  readonly signal?: AbortSignal;
}

/**
 * What became of a file:
 *
 * | outcome | meaning |
 * | --- | --- |
 * | `kept` | whole, and in use as it is |
 * | `rebuilt` | all entries are there, in a new file |
 * | `salvaged` | a part of the entries is there, in a new file |
 * | `merged` | whole; its entries are in new tables, with those of tables that it overlapped |
 * | `lost` | nothing of it can be used |
 * | `missing` | the manifest names it, and it is not there |
 * | `replaced` | there is a new one in its place |
 *
 * A file that is not in use any more is in `lost/`, whole.
 */
export type FileOutcome = 'kept' | 'rebuilt' | 'salvaged' | 'merged' | 'lost' | 'missing' | 'replaced';

/** Keys between two others, which may themselves be affected; an undefined end is not known. */
export interface KeysBetween {
  readonly from: JsonBytes | undefined;
  readonly to: JsonBytes | undefined;
}

export interface LostSpan {
  readonly offsetBytes: number;
  readonly endBytes: number;
  /** The bytes, below the directory; undefined in a dry run. */
  readonly savedAs: string | undefined;
  /** Of tables: whose newest versions may be gone, so that an older version may show. */
  readonly keys: KeysBetween | undefined;
}

export interface RepairedFile {
  readonly file: string;
  readonly kind: Finding['kind'];
  readonly outcome: FileOutcome;
  /** What is wrong with it, in words; empty for a file that is whole. */
  readonly problems: readonly string[];
  readonly newFile: string | undefined;
  readonly keptEntries: number;
  /** Undefined: nothing tells how many there were. */
  readonly lostEntries: number | undefined;
  /** All keys of a table that had losses, if they are known. */
  readonly keys: KeysBetween | undefined;
  readonly spans: readonly LostSpan[];
}

/** An entry whose value is in a blob file and cannot be read. */
export interface LostValue {
  readonly key: JsonBytes;
  readonly valueBytes: number;
  readonly table: string;
  readonly problem: string;
}

/** Sequence numbers of writes that were in the log and are not to be had. */
export interface SequenceGap {
  readonly first: number;
  readonly last: number;
}

/** Plain data, safe to print as JSON. */
export interface RepairReport {
  readonly directory: string;
  readonly isDryRun: boolean;
  /** Whether there is damage: then the repair has changed something, or a dry run would. */
  readonly isDamaged: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** `rebuilt`: it could not be used, and the tables that are there make up the database. */
  readonly manifest: 'sound' | 'rebuilt';
  readonly files: readonly RepairedFile[];
  readonly keptEntries: number;
  /** As far as it is known. */
  readonly lostEntries: number;
  readonly lostValues: readonly LostValue[];
  /** Of all lost values; `lostValues` has so many at most. */
  readonly lostValueCount: number;
  readonly salvagedLogRecords: number;
  readonly sequenceGaps: readonly SequenceGap[];
  /** What a person should know, in words. */
  readonly notes: readonly string[];
  /** Where this report is, below the directory; undefined if nothing was changed. */
  readonly reportFile: string | undefined;
}
