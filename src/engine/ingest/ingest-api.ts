import type { BytesLike } from '../api.js';
import type { Moment } from '../quarantine/quarantine-api.js';
import type { StandardSchema } from './standard-schema.js';

/** What a source gives: bytes and strings as they are; anything else is kept as JSON where it is rejected. */
export type SourceItem = unknown;

/** How a record goes into the database; what cannot goes to the quarantine with a reason. Each function may throw, and may return a promise. */
export interface IngestPipeline<Item = SourceItem, Parsed = unknown> {
  /** Makes a record of what the source gives; what it throws is the reason `malformed`. Default: the item itself. */
  readonly parse?: (item: Item) => Parsed | Promise<Parsed>;
  /**
   * A schema of zod, valibot or another library that keeps to Standard Schema, whose output is the record from there on; or a
   * function that throws. Reason: `invalid`.
   */
  readonly validate?: StandardSchema | ((record: Parsed) => unknown);
  /** Reason: `no-key`. */
  readonly key: (record: Parsed) => BytesLike | Promise<BytesLike>;
  /** Reason: `no-value`. Default: the item where it is bytes or a string, otherwise the record as JSON. */
  readonly value?: (record: Parsed) => BytesLike | Promise<BytesLike>;
  /** Whose quarantine takes what is rejected. A function gets the record, or `undefined` where there was none. Default `default`. */
  readonly tenant?: string | ((record: Parsed | undefined, item: Item) => string);
  /** Of the record, for the quarantine. Default: now. */
  readonly timestamp?: (record: Parsed | undefined, item: Item) => Moment | undefined;
  /**
   * Of what it rejects. Default: `text/plain; charset=utf-8` for strings, `application/json` for what is no bytes either; a replay
   * through a pipeline then gets what the source gave, and bytes where the pipeline names a type of its own.
   */
  readonly contentType?: string;
  /** As of a put. */
  readonly ttlMs?: number;
}

export type IngestSource<Item = SourceItem> = Iterable<Item> | AsyncIterable<Item>;

export interface IngestOptions {
  /**
   * Names the source. How far it was read is then kept in the same batch as its records: the next ingest of that name passes over what
   * this one has dealt with, and what was rejected is in the quarantine once, whatever crashes. Default: nothing is kept.
   */
  readonly name?: string;
  /** Records of one batch, 1 to 100,000. Default 1000. */
  readonly batchRecords?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (counts: IngestCounts) => void;
}

export interface IngestCounts {
  readonly accepted: number;
  readonly rejected: number;
  /** That an earlier ingest of that name had dealt with. */
  readonly skipped: number;
}

export interface IngestOutcome extends IngestCounts {
  /** Items of the source that have been dealt with, by this ingest and those of its name before. */
  readonly position: number;
  readonly durationMs: number;
}
